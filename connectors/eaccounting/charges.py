"""Which article stands for each line of an order, and the VAT eAccounting will apply to it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from commerce.order import Line, LineKind, Order
from commerce.problems import Problem, ProblemCode
from connectors.eaccounting.lines import Charge, spread_discounts
from connectors.eaccounting.settings import DiscountRows, EAccountingOrders
from connectors.eaccounting.text import TEXT_ROW_LENGTH, Fitting
from connectors.eaccounting.vat import Treatment, applied_rate, charges_vat
from connectors.errors import RecordRefused
from connectors.protocols import DocumentRequest, Identifier, ProductRef

_NO_VAT = Decimal(0)


def charged_lines(order: Order, settings: EAccountingOrders) -> Sequence[Line]:
    """The lines that become rows: without free shipping, fees of nothing, and discounts that were spread."""
    lines = spread_discounts(order.lines) if settings.discounts is DiscountRows.SPREAD else order.lines
    return [
        line
        for line in lines
        if line.total
        or line.kind is LineKind.PRODUCT
        or (line.kind is LineKind.SHIPPING and settings.zero_shipping_row)
    ]


def needed_articles(order: Order, settings: EAccountingOrders) -> list[str]:
    """Numbers of the articles a document needs beside its products, and of those its rounding may need.

    Raises:
        RecordRefused: ``SETTING_MISSING`` for a setting that is empty, ``UNKNOWN_TAX_RATE`` for a rate it lacks.
    """
    lines = charged_lines(order, settings)
    special = [_special_article(order, line, settings) for line in lines if line.kind is not LineKind.PRODUCT]
    rounding = rounding_numbers(order, settings).values()
    return list(dict.fromkeys([*special, *rounding]))


def rounding_numbers(order: Order, settings: EAccountingOrders) -> dict[Decimal, str]:
    """Rounding articles by the rates of the order; an order without VAT can do with any of them."""
    articles = settings.rounding_article
    rates = {_NO_VAT, *(line.tax_rate for line in order.lines)}
    chosen = {rate: articles[rate] for rate in sorted(rates) if rate in articles}
    if not chosen and articles and not charges_vat(order):
        chosen[_NO_VAT] = articles[min(articles)]
    return chosen


def charges_of(
    request: DocumentRequest,
    settings: EAccountingOrders,
    articles: Mapping[str, ProductRef],
    treatment: Treatment,
    fit: Fitting,
) -> list[Charge]:
    """The lines of an order with their articles and rates.

    Args:
        request: The order and its products.
        settings: The flow's.
        articles: Articles beside the products, by number.
        treatment: How the customer is taxed.
        fit: Takes what does not fit into a row's text.

    Raises:
        RecordRefused: ``UNKNOWN_PRODUCT``, ``UNKNOWN_TAX_RATE``, ``SETTING_MISSING`` or ``EMPTY_ORDER``.
    """
    order = request.order
    charges = []
    for line in charged_lines(order, settings):
        if line.kind is LineKind.PRODUCT:
            name = line.sku if request.identifier is Identifier.SKU else line.ean
            article = request.products.get(name)
        else:
            name = _special_article(order, line, settings)
            article = articles.get(name)
        usable = _usable(order.reference, name or line.name, article)
        rate = rate_of(order.reference, line, usable, treatment)
        text = fit(line.name, TEXT_ROW_LENGTH, f"Text of {name}")
        charges.append(Charge(line=line, article_id=usable.target_id, rate=rate, text=text))
    if not charges:
        raise RecordRefused(_empty(order.reference))
    return charges


def rounding_articles(
    order: Order, settings: EAccountingOrders, articles: Mapping[str, ProductRef], treatment: Treatment
) -> dict[Decimal, str]:
    """Article ids for rounding rows, by the rate eAccounting will apply to them.

    Raises:
        RecordRefused: A rounding article does not exist, is inactive, or has another rate than the setting says.
    """
    found: dict[Decimal, str] = {}
    for rate, number in rounding_numbers(order, settings).items():
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


def _special_article(order: Order, line: Line, settings: EAccountingOrders) -> str:
    setting = {
        LineKind.SHIPPING: "shipping_article",
        LineKind.FEE: "fee_article",
        LineKind.DISCOUNT: "discount_article",
    }.get(line.kind, "rounding_article")
    articles: dict[Decimal, str] = getattr(settings, setting)
    number = articles.get(line.tax_rate)
    if number is None and articles and not charges_vat(order):
        number = articles[min(articles)]
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
    rate = f"{line.tax_rate.normalize():f}"
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
