"""Which article stands for each line of an order, and the VAT eAccounting will apply to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from commerce.order import Line, LineKind, Order
from commerce.problems import Problem, ProblemCode
from connectors.eaccounting.by_rate import any_row, country_row, rate_text, row_of
from connectors.eaccounting.document_fields import ROW_PREFIX, ROW_TEXT
from connectors.eaccounting.lines import Charge, spread_discounts
from connectors.eaccounting.settings import DiscountRows, EAccountingOrders
from connectors.eaccounting.tax_codes import TAX_CODE, require_tax_code
from connectors.eaccounting.text import TEXT_ROW_LENGTH, Fitting
from connectors.eaccounting.vat import Treatment, applied_rate, charges_vat
from connectors.errors import RecordRefused
from connectors.order_mapping import applied, line_record
from connectors.protocols import DocumentRequest, Identifier, MissingProduct, ProductRef
from mapping.rules import RuleSet

_NO_VAT = Decimal(0)
_NO_COST = Decimal(0)
_OWN_SKU = "{sku}"


def country_of(order: Order, own: str) -> str:
    """Where the order goes, which decides its tax codes and revenue accounts; the company's country if it says none."""
    return (order.shipping.country or order.billing.country or own).upper()


def charged_lines(order: Order, settings: EAccountingOrders) -> Sequence[Line]:
    """The lines that become rows: without free shipping, fees of nothing, and discounts that were spread or summed."""
    lines: Sequence[Line] = spread_discounts(order.lines) if settings.discounts is DiscountRows.SPREAD else order.lines
    if settings.zero_shipping_row:
        lines = [*lines, *_free_shipping(order)]
    if settings.group_rows:
        lines = _per_rate(lines)
    return [
        line
        for line in lines
        if line.total
        or line.kind is LineKind.PRODUCT
        or (line.kind is LineKind.SHIPPING and settings.zero_shipping_row)
    ]


def _free_shipping(order: Order) -> Sequence[Line]:
    """The shipping of an order that is sent for nothing, which not every source gives a line; at its highest rate."""
    if not order.lines or not order.shipping_method or any(line.kind is LineKind.SHIPPING for line in order.lines):
        return ()
    dearest = max(order.lines, key=lambda line: line.tax_rate)
    free = dearest.model_copy(
        update={
            "kind": LineKind.SHIPPING,
            "name": order.shipping_method,
            "sku": "",
            "ean": "",
            "quantity": Decimal(1),
            "unit_price": _NO_COST,
            "total": _NO_COST,
        }
    )
    return (free,)


def _per_rate(lines: Sequence[Line]) -> Sequence[Line]:
    """The product lines summed up per VAT percentage and price mode, before all others."""
    sums: dict[tuple[Decimal, bool], Decimal] = {}
    for line in lines:
        if line.kind is LineKind.PRODUCT:
            group = (line.tax_rate, line.includes_tax)
            sums[group] = sums.get(group, _NO_VAT) + line.total
    summed = [
        Line(
            kind=LineKind.PRODUCT,
            name=f"Products at {rate_text(rate)} %",
            quantity=Decimal(1),
            unit_price=total,
            total=total,
            tax_rate=rate,
            includes_tax=includes_tax,
        )
        for (rate, includes_tax), total in sums.items()
    ]
    return [*summed, *(line for line in lines if line.kind is not LineKind.PRODUCT)]


def needed_articles(order: Order, settings: EAccountingOrders, country: str) -> list[str]:
    """Numbers of the articles a document needs beside its products, and of those its rounding may need.

    Products that go onto a replacement or may go onto a substitute article need that one as well.

    Raises:
        RecordRefused: ``SETTING_MISSING`` for a setting that is empty, ``UNKNOWN_TAX_RATE`` for a rate it lacks.
    """
    lines = charged_lines(order, settings)
    special = [_special_article(order, line, settings, country) for line in lines if line.kind is not LineKind.PRODUCT]
    products = [line for line in lines if line.kind is LineKind.PRODUCT]
    replaced = [replacement(line, settings, country) for line in products]
    substitutes = [row_of(settings.substitute_article, country, line.tax_rate) for line in products]
    rounding = rounding_numbers(order, settings, country).values()
    return list(dict.fromkeys([*special, *filter(None, [*replaced, *substitutes]), *rounding]))


def replacement(line: Line, settings: EAccountingOrders, country: str) -> str | None:
    """The number of the article that stands for a product in a country; None for its own."""
    number = country_row(settings.product_article, country, line.tax_rate)
    if number is None or (_OWN_SKU in number and not line.sku):
        return None
    return number.replace(_OWN_SKU, line.sku)


def when_missing(line: Line, settings: EAccountingOrders, country: str) -> MissingProduct:
    """What to do about a product line whose own article does not exist, or that names none."""
    if settings.group_rows or replacement(line, settings, country) is not None:
        return MissingProduct.SUBSTITUTE
    if settings.missing_product is MissingProduct.PARK or line.sku or line.ean:
        return settings.missing_product
    return MissingProduct.SUBSTITUTE if settings.substitute_article else MissingProduct.PARK


def rounding_numbers(order: Order, settings: EAccountingOrders, country: str) -> dict[Decimal, str]:
    """Rounding articles by the rates of the order; an order without VAT can do with any of them."""
    articles = settings.rounding_article
    rates = {_NO_VAT, *(line.tax_rate for line in order.lines)}
    found = {rate: row_of(articles, country, rate) for rate in sorted(rates)}
    chosen = {rate: number for rate, number in found.items() if number is not None}
    any_number = any_row(articles, country)
    if not chosen and any_number is not None and not charges_vat(order):
        chosen[_NO_VAT] = any_number
    return chosen


@dataclass(frozen=True)
class RowMapping:
    """What the mapping makes of rows."""

    rules: RuleSet
    record: Mapping[str, Any]
    """The order as rules read it."""
    country: str
    """Where the order goes."""


def charges_of(
    request: DocumentRequest,
    settings: EAccountingOrders,
    articles: Mapping[str, ProductRef],
    treatment: Treatment,
    mapping: RowMapping,
    fit: Fitting,
) -> list[Charge]:
    """The lines of an order with their articles and rates.

    Args:
        request: The order and its products.
        settings: The flow's.
        articles: Articles beside the products, by number.
        treatment: How the customer is taxed.
        mapping: What fills the rows' texts and cost centres, and the country the order goes to.
        fit: Takes what does not fit into a row's text.

    Raises:
        RecordRefused: ``UNKNOWN_PRODUCT``, ``UNKNOWN_TAX_RATE``, ``UNMAPPED_VALUE``, ``SETTING_MISSING`` or
            ``EMPTY_ORDER``.
    """
    order, country = request.order, mapping.country
    codes = request.values.get(TAX_CODE, {})
    charges = []
    for line in charged_lines(order, settings):
        text = line.name
        if line.kind is LineKind.PRODUCT:
            name, article, text = _product_article(request, line, settings, articles, fit, country)
        else:
            name = _special_article(order, line, settings, country)
            article = articles.get(name)
        usable = _usable(order.reference, name or line.name, article)
        rate = rate_of(order.reference, line, usable, treatment)
        require_tax_code(order.reference, line, usable, country, codes, treatment)
        mapped = applied(mapping.rules, line_record(mapping.record, line, text), request.values).values
        row_text = fit(mapped.pop(ROW_TEXT, ""), TEXT_ROW_LENGTH, f"Text of {name}")
        extra = {member.removeprefix(ROW_PREFIX): str(value) for member, value in mapped.items() if value}
        charges.append(Charge(line=line, article_id=usable.target_id, rate=rate, text=row_text, extra=extra))
    if not charges:
        raise RecordRefused(_empty(order.reference))
    return charges


def _product_article(
    request: DocumentRequest,
    line: Line,
    settings: EAccountingOrders,
    articles: Mapping[str, ProductRef],
    fit: Fitting,
    country: str,
) -> tuple[str, ProductRef | None, str]:
    """Number, article and row text of a product: its own article, its replacement abroad, or the substitute.

    A row on an article that many products share keeps the product's name and SKU in its text.
    """
    own = line.sku if request.identifier is Identifier.SKU else line.ean
    number = replacement(line, settings, country)
    if number is not None:
        shared = line.sku not in number
        return number, articles.get(number), _with_sku(line) if shared else line.name
    if own in request.products:
        return own, request.products[own], line.name
    if when_missing(line, settings, country) is not MissingProduct.SUBSTITUTE:
        return own, None, line.name
    number = row_of(settings.substitute_article, country, line.tax_rate)
    if number is None:
        empty = not settings.substitute_article
        raise RecordRefused(_no_article(request.order.reference, "substitute_article", line, empty=empty))
    if not settings.group_rows:
        fit.notes.append(f"{own or line.name} has no article of its own; its row is on article {number}.")
    return number, articles.get(number), _with_sku(line)


def _with_sku(line: Line) -> str:
    return f"{line.name} ({line.sku})" if line.sku and line.name else line.name or line.sku


def rounding_articles(
    order: Order,
    settings: EAccountingOrders,
    articles: Mapping[str, ProductRef],
    treatment: Treatment,
    country: str,
) -> dict[Decimal, str]:
    """Article ids for rounding rows, by the rate eAccounting will apply to them.

    Raises:
        RecordRefused: A rounding article does not exist, is inactive, or has another rate than the setting says.
    """
    found: dict[Decimal, str] = {}
    for rate, number in rounding_numbers(order, settings, country).items():
        article = _usable(order.reference, number, articles.get(number))
        charged = _NO_VAT if treatment.exempt else rate
        applied = applied_rate(
            order.reference, charged, "rounding_article", number, _coding_rate(order.reference, article), treatment
        )
        found.setdefault(applied, article.target_id)
    return found


def rate_of(reference: str, line: Line, article: ProductRef, treatment: Treatment) -> Decimal:
    """The percentage eAccounting will apply to a line; one that costs nothing may have any."""
    coding_rate = _coding_rate(reference, article)
    if not line.total:
        return _NO_VAT if treatment.exempt else coding_rate
    name = line.sku or line.kind.value
    return applied_rate(reference, line.tax_rate, name, article.number, coding_rate, treatment)


def _special_article(order: Order, line: Line, settings: EAccountingOrders, country: str) -> str:
    setting = {
        LineKind.SHIPPING: "shipping_article",
        LineKind.FEE: "fee_article",
        LineKind.DISCOUNT: "discount_article",
    }.get(line.kind, "rounding_article")
    articles: dict[str, str] = getattr(settings, setting)
    number = row_of(articles, country, line.tax_rate)
    if number is None and not charges_vat(order):
        number = any_row(articles, country)
    if number is None:
        raise RecordRefused(_no_article(order.reference, setting, line, empty=not articles))
    return number


def _usable(reference: str, name: str, article: ProductRef | None) -> ProductRef:
    if article is not None and article.details.get("active", True):
        return article
    fault = "does not exist in eAccounting. Create it there" if article is None else "is inactive. Activate it"
    raise RecordRefused(
        Problem(
            code=ProblemCode.UNKNOWN_PRODUCT,
            field="product",
            value=name,
            sentence=(
                f"Order {reference}: article {name or 'without a number'} {fault}, or correct the order in the shop,"
                " and retry."
            ),
        )
    )


def _coding_rate(reference: str, article: ProductRef) -> Decimal:
    stated = article.details.get("vat_rate")
    if stated is not None:
        return Decimal(stated)
    raise RecordRefused(
        Problem(
            code=ProblemCode.UNKNOWN_TAX_RATE,
            field=article.number,
            value="",
            sentence=(
                f"Order {reference}: article {article.number} has no account coding with a VAT rate. Choose one in"
                " eAccounting, and retry."
            ),
        )
    )


def _no_article(reference: str, setting: str, line: Line, *, empty: bool) -> Problem:
    rate = rate_text(line.tax_rate)
    named = setting.replace("_", " ")
    return Problem(
        code=ProblemCode.SETTING_MISSING if empty else ProblemCode.UNKNOWN_TAX_RATE,
        field=setting,
        value=rate,
        sentence=(
            f"Order {reference}: {line.total} of {line.kind} at {rate} % VAT needs an article, and the setting {named}"
            f" names none for {rate} %. Add one, and retry."
        ),
    )


def _empty(reference: str) -> Problem:
    return Problem(
        code=ProblemCode.EMPTY_ORDER,
        field="lines",
        value="",
        sentence=f"Order {reference} has no lines. Add products in the shop or cancel the order there.",
    )
