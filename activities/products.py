"""What an order sells, at the target: its articles, remembered in bindings."""

from collections.abc import Mapping, Sequence

from activities.stage import Stage
from commerce.order import LineKind, Order
from commerce.problems import Problem, ProblemCode
from connectors.errors import RecordRefused
from connectors.protocols import Identifier, ProductRef
from store import BindingRecord

_NAMED_AT_MOST = 5


def product_kind(by: Identifier) -> str:
    """The kind of binding that remembers an article under this identifier."""
    return f"product:{by}"


def product_bindings(by: Identifier, found: Mapping[str, ProductRef]) -> list[BindingRecord]:
    """What to remember of articles that were found."""
    kind = product_kind(by)
    return [BindingRecord(kind, key, ref.target_id, ref.number, "", dict(ref.details)) for key, ref in found.items()]


async def products_of(stage: Stage, order: Order, *, fresh: bool = False) -> dict[str, ProductRef]:
    """Every article the document needs, by the identifier on the lines; ``fresh`` forgets what was remembered.

    Raises:
        RecordRefused: A line names no article, or an article does not exist at the target.
    """
    by = stage.flow.settings.orders.identifier
    with stage.flow.calling_target():
        extra = await stage.flow.target.required_products(order)
    on_lines = [_identifier(order, position, by) for position in _product_lines(order)]
    products = await _known_or_found(stage, on_lines, by, fresh=fresh)
    unnamed = [number for number in extra if number not in products]
    products |= await _known_or_found(stage, unnamed, Identifier.SKU, fresh=fresh)
    missing = [name for name in dict.fromkeys([*on_lines, *extra]) if name not in products]
    if missing:
        raise RecordRefused(_unknown_product(order, missing, by, extra))
    return products


def _product_lines(order: Order) -> list[int]:
    return [position for position, line in enumerate(order.lines) if line.kind is LineKind.PRODUCT]


def _identifier(order: Order, position: int, by: Identifier) -> str:
    line = order.lines[position]
    name = line.sku if by is Identifier.SKU else line.ean
    if name:
        return name
    raise RecordRefused(
        Problem(
            code=ProblemCode.MISSING_FIELD,
            field=f"line {by}",
            value=line.name,
            sentence=(
                f"Order {order.reference}: line {position + 1} (“{line.name}”) has no {by.upper()}, so its article "
                "cannot be found. Give the product one in the shop, or choose the other article identifier in the "
                "settings."
            ),
        )
    )


async def _known_or_found(stage: Stage, names: list[str], by: Identifier, *, fresh: bool) -> dict[str, ProductRef]:
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return {}
    bindings, kind = stage.store.bindings, product_kind(by)
    if fresh:
        await bindings.forget(stage.workspace_id, stage.flow_id, kind, wanted)
    known = {} if fresh else await bindings.find(stage.workspace_id, stage.flow_id, kind, wanted)
    products = {key: ProductRef(row.target_id, row.target_number, row.details) for key, row in known.items()}
    unknown = [name for name in wanted if name not in products]
    if not unknown:
        return products
    with stage.flow.calling_target():
        found = await stage.flow.target.find_products(unknown, by)
    await bindings.put(stage.workspace_id, stage.flow_id, *product_bindings(by, found))
    return products | dict(found)


def _unknown_product(order: Order, missing: list[str], by: Identifier, extra: Sequence[str]) -> Problem:
    named = ", ".join(missing[:_NAMED_AT_MOST]) + (" …" if len(missing) > _NAMED_AT_MOST else "")
    where = "the settings name it for an extra line" if missing[0] in extra else "the order names it"
    return Problem(
        code=ProblemCode.UNKNOWN_PRODUCT,
        field=str(by),
        value=missing[0],
        sentence=(
            f"Order {order.reference}: the target has no article with {by.upper()} {named} ({where}). "
            "Create it there; the order then goes on by itself."
        ),
    )
