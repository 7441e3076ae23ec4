"""What an order sells, at the target: its articles, remembered in bindings."""

from collections.abc import Mapping, Sequence

from activities.stage import Stage
from commerce.order import Line, LineKind, Order
from commerce.problems import Problem, ProblemCode
from connectors.errors import RecordRefused
from connectors.protocols import Identifier, MissingProduct, ProductRef
from store import BindingRecord, EventKind

_NAMED_AT_MOST = 5


def product_kind(by: Identifier) -> str:
    """The kind of binding that remembers an article under this identifier."""
    return f"product:{by}"


def product_bindings(by: Identifier, found: Mapping[str, ProductRef]) -> list[BindingRecord]:
    """What to remember of articles that were found."""
    kind = product_kind(by)
    return [BindingRecord(kind, key, ref.target_id, ref.number, "", dict(ref.details)) for key, ref in found.items()]


async def products_of(
    stage: Stage, order: Order, *, fresh: bool = False, create: bool = False
) -> dict[str, ProductRef]:
    """Every article the document needs, by the identifier on the lines; ``fresh`` forgets what was remembered.

    What is missing is created, or stood in for, where the settings say so. Without ``create`` it is only planned: good
    for finding out what would be refused. An order that becomes an entry in the ledger needs none.

    Raises:
        RecordRefused: A line names no article, or an article does not exist at the target.
    """
    if stage.flow.settings.orders.document_type.is_entry:
        return {}
    by = stage.flow.settings.orders.identifier
    with stage.flow.calling_target():
        extra = await stage.flow.target.required_products(order)
    lines = [(at, line) for at, line in enumerate(order.lines, start=1) if line.kind is LineKind.PRODUCT]
    on_lines = [name for _, line in lines if (name := _identifier(line, by))]
    products = await _known_or_found(stage, on_lines, by, fresh=fresh)
    missing: list[str] = []
    for position, line in lines:
        name = _identifier(line, by)
        if name in products or name in missing:
            continue
        with stage.flow.calling_target():
            way = await stage.flow.target.when_missing(order, line)
        if way is MissingProduct.PARK and not name:
            raise RecordRefused(_nameless(order, position, line, by))
        if way is MissingProduct.PARK:
            missing.append(name)
        elif way is MissingProduct.CREATE:
            products[name] = await _created(stage, order, line, by, push=create)
    unnamed = [number for number in extra if number not in products]
    products |= await _known_or_found(stage, unnamed, Identifier.SKU, fresh=fresh)
    missing += [number for number in extra if number not in products]
    if missing:
        raise RecordRefused(_unknown_product(order, missing, by, extra))
    return products


def _identifier(line: Line, by: Identifier) -> str:
    return line.sku if by is Identifier.SKU else line.ean


async def _created(stage: Stage, order: Order, line: Line, by: Identifier, *, push: bool) -> ProductRef:
    with stage.flow.calling_target():
        plan = await stage.flow.target.plan_product(order, line, by)
        if not push:
            return plan
        made = await stage.flow.target.push_product(plan)
    bindings = product_bindings(by, {_identifier(line, by): made})
    await stage.store.bindings.put(stage.workspace_id, stage.flow_id, *bindings)
    text = f"Article {made.number} did not exist at the target and was created."
    await stage.store.items.note(stage.workspace_id, stage.item.id, EventKind.NOTE, text)
    return made


def _nameless(order: Order, position: int, line: Line, by: Identifier) -> Problem:
    return Problem(
        code=ProblemCode.MISSING_FIELD,
        field=f"line {by}",
        value=line.name,
        sentence=(
            f"Order {order.reference}: line {position} (“{line.name}”) has no {by.upper()}, so its article cannot be"
            " found. Give the product one in the shop, choose the other article identifier in the settings, or set a"
            " substitute article."
        ),
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
