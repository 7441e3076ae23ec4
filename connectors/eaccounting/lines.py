"""From order lines to rows whose total, as eAccounting computes it, is the order's to the cent.

Quantity and unit price stay the source's wherever eAccounting can hold them. What a price with too few decimals loses
goes onto a rounding row of the same VAT rate, so that each rate still carries what the source charged at it. What then
remains between the lines and the paid total is the true remainder: it is flagged, and bounded by the flow's limit.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal

from commerce.money import cents, is_exact
from commerce.order import Line, LineKind
from commerce.problems import Problem, ProblemCode
from connectors.eaccounting.totals import Row, amounts_per_rate, total_of_amounts, with_vat
from connectors.errors import RecordRefused

_CENT = Decimal("0.01")
_NO_VAT = Decimal(0)
_HUNDRED = Decimal(100)
_MOST_ROWS = 1000
ROUNDING_TEXT = "Rounding difference"


@dataclass(frozen=True)
class Precision:
    """Decimals that a unit price and a quantity may have."""

    price: int
    quantity: int


@dataclass(frozen=True)
class Charge:
    """An order line with its article, and the VAT percentage eAccounting will apply to it."""

    line: Line
    article_id: str
    rate: Decimal
    text: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)
    """Further members of its row."""


@dataclass(frozen=True)
class RowPlan:
    """The priced rows of a document in one price mode."""

    includes_vat: bool
    rows: tuple[Row, ...]
    total: Decimal
    """Including VAT; equals the order's."""
    rounding: Decimal
    """The part of the total that no line of the source accounts for."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class PlanTerms:
    """What a plan must reach, and with which means."""

    reference: str
    order_total: Decimal
    precision: Precision
    rounding_articles: Mapping[Decimal, str]
    """VAT percentage that will be applied → article id."""
    rounding_limit: Decimal
    text_rows: int = 0
    """Rows without a price that the document also carries."""


def plan_rows(charges: Sequence[Charge], terms: PlanTerms, *, includes_vat: bool) -> RowPlan:
    """Plan the rows of a document whose unit prices include VAT or not.

    Raises:
        RecordRefused: ``TOTALS_DIFFER`` when lines and total differ by more than the limit, ``INVALID_VALUE`` for a
            quantity with too many decimals, ``SETTING_MISSING`` when a rounding article is needed and not set,
            ``TOO_LARGE`` for more rows than a document holds.
    """
    rows = [_row(charge, terms, includes_vat=includes_vat) for charge in charges]
    amounts = amounts_per_rate(rows)
    corrections = _precision_corrections(charges, amounts, includes_vat=includes_vat)
    reached = {rate: amount + corrections.get(rate, _NO_VAT) for rate, amount in amounts.items()}
    remainder = cents(terms.order_total) - total_of_amounts(reached, includes_vat=includes_vat)
    if abs(remainder) > terms.rounding_limit:
        raise RecordRefused(_totals_differ(terms, total_of_amounts(reached, includes_vat=includes_vat)))
    if remainder:
        rate, correction = _place(remainder, reached, terms, includes_vat=includes_vat)
        corrections[rate] = corrections.get(rate, _NO_VAT) + correction
    extra = [_rounding_row(rate, amount, terms) for rate, amount in sorted(corrections.items()) if amount]
    rows += extra
    if len(rows) + terms.text_rows > _MOST_ROWS:
        raise RecordRefused(_too_many_rows(terms, len(rows) + terms.text_rows))
    return RowPlan(
        includes_vat=includes_vat,
        rows=tuple(rows),
        total=total_of_amounts(amounts_per_rate(rows), includes_vat=includes_vat),
        rounding=remainder,
        notes=tuple(f"A rounding row of {row.unit_price} at {row.rate.normalize():f} % was added." for row in extra),
    )


def spread_discounts(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Take discount lines off the product lines of the same VAT rate, in proportion, to the cent.

    A discount larger than the products of its rate stays a line of its own.
    """
    result = list(lines)
    for discount in [line for line in lines if line.kind is LineKind.DISCOUNT]:
        shares = [
            (at, line)
            for at, line in enumerate(result)
            if line.kind is LineKind.PRODUCT
            and line.total > 0
            and (line.tax_rate, line.includes_tax) == (discount.tax_rate, discount.includes_tax)
        ]
        base = sum((line.total for _, line in shares), _NO_VAT)
        if not base or discount.total > 0 or base + discount.total < 0:
            continue
        left, weight = discount.total, base
        for at, line in shares:
            part = cents(left * line.total / weight)
            result[at] = line.model_copy(update={"total": line.total + part})
            left -= part
            weight -= line.total
        result.remove(discount)
    return tuple(result)


def _row(charge: Charge, terms: PlanTerms, *, includes_vat: bool) -> Row:
    line = charge.line
    if not is_exact(line.quantity, terms.precision.quantity):
        raise RecordRefused(_quantity_too_fine(terms, line))
    row = Row(charge.article_id, charge.text, line.quantity, line.unit_price, charge.rate, extra=charge.extra)
    if not line.quantity:
        if not line.total:
            return replace(row, unit_price=_price(line.unit_price, terms))
        row = replace(row, quantity=Decimal(1))
    if line.includes_tax == includes_vat or not charge.rate:
        if is_exact(line.unit_price, terms.precision.price):
            if row.amount() == line.total:
                return row
            discount = _discount_fraction(line)
            if discount is not None:
                return replace(row, discount=discount)
        return replace(row, unit_price=_price(line.total / row.quantity, terms))
    factor = 1 + charge.rate / _HUNDRED
    total = line.total * factor if includes_vat else line.total / factor
    return replace(row, unit_price=_price(total / row.quantity, terms))


def _price(amount: Decimal, terms: PlanTerms) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-terms.precision.price), rounding=ROUND_HALF_UP)


def _discount_fraction(line: Line) -> Decimal | None:
    """The discount percentage, as a fraction, that turns quantity times price into the charged total."""
    full = line.quantity * line.unit_price
    if not full or not 0 <= line.total / full <= 1:
        return None
    for places in (2, 3, 4):
        fraction = round(1 - line.total / full, places)
        if cents(full * (1 - fraction)) == line.total:
            return fraction
    return None


def _charged_per_rate(charges: Sequence[Charge]) -> dict[Decimal, Decimal]:
    """What the source charged at each rate, including VAT, rounded once per rate."""
    gross: defaultdict[Decimal, Decimal] = defaultdict(Decimal)
    net: defaultdict[Decimal, Decimal] = defaultdict(Decimal)
    for charge in charges:
        (gross if charge.line.includes_tax else net)[charge.rate] += charge.line.total
    return {rate: cents(gross[rate]) + with_vat(cents(net[rate]), rate) for rate in gross.keys() | net.keys()}


def _precision_corrections(
    charges: Sequence[Charge], amounts: Mapping[Decimal, Decimal], *, includes_vat: bool
) -> dict[Decimal, Decimal]:
    corrections: dict[Decimal, Decimal] = {}
    for rate, gross in _charged_per_rate(charges).items():
        wanted = gross if includes_vat else _net_for(gross, rate, amounts[rate])
        corrections[rate] = wanted - amounts[rate]
    return corrections


def _net_for(gross: Decimal, rate: Decimal, current: Decimal) -> Decimal:
    """The net amount whose VAT brings it to the gross one or, as not every amount can be reached, nearest to it."""
    middle = cents(gross / (1 + rate / _HUNDRED))
    candidates = (current, middle - _CENT, middle, middle + _CENT)
    return min(candidates, key=lambda net: (abs(with_vat(net, rate) - gross), abs(net - current)))


def _place(
    remainder: Decimal, reached: Mapping[Decimal, Decimal], terms: PlanTerms, *, includes_vat: bool
) -> tuple[Decimal, Decimal]:
    """The VAT rate whose rounding row takes the remainder, and the amount it takes in the document's price mode."""
    if _NO_VAT in terms.rounding_articles:
        return _NO_VAT, remainder
    for rate, amount in sorted(reached.items(), key=lambda entry: -abs(entry[1])):
        if rate not in terms.rounding_articles:
            continue
        if includes_vat:
            return rate, remainder
        wanted = with_vat(amount, rate) + remainder
        net = _net_for(wanted, rate, amount)
        if with_vat(net, rate) == wanted:
            return rate, net - amount
    raise RecordRefused(_rounding_article_missing(terms, _NO_VAT, remainder))


def _rounding_row(rate: Decimal, amount: Decimal, terms: PlanTerms) -> Row:
    article = terms.rounding_articles.get(rate)
    if article is None:
        raise RecordRefused(_rounding_article_missing(terms, rate, amount))
    return Row(article, ROUNDING_TEXT, Decimal(1), amount, rate)


def _totals_differ(terms: PlanTerms, computed: Decimal) -> Problem:
    return Problem(
        code=ProblemCode.TOTALS_DIFFER,
        field="total",
        value=f"{terms.order_total}",
        sentence=(
            f"Order {terms.reference}: the customer was asked to pay {terms.order_total}, but the lines add up to"
            f" {computed} in eAccounting. The difference is larger than the rounding limit of {terms.rounding_limit}."
            " Correct the order in the shop, or raise the limit in the flow's settings, and retry."
        ),
    )


def _quantity_too_fine(terms: PlanTerms, line: Line) -> Problem:
    return Problem(
        code=ProblemCode.INVALID_VALUE,
        field="quantity",
        value=f"{line.quantity}",
        sentence=(
            f"Order {terms.reference}: the quantity {line.quantity} of {line.sku or line.name} has more than"
            f" {terms.precision.quantity} decimals, which eAccounting can not hold. Correct the order in the shop and"
            " retry."
        ),
    )


def _rounding_article_missing(terms: PlanTerms, rate: Decimal, amount: Decimal) -> Problem:
    percentage = f"{rate.normalize():f}"
    return Problem(
        code=ProblemCode.SETTING_MISSING,
        field="rounding_article",
        value=percentage,
        sentence=(
            f"Order {terms.reference}: {amount} must go onto a rounding row at {percentage} % VAT, and the setting"
            f" rounding article names no article for {percentage} %. Add one and retry."
        ),
    )


def _too_many_rows(terms: PlanTerms, count: int) -> Problem:
    return Problem(
        code=ProblemCode.TOO_LARGE,
        field="lines",
        value=str(count),
        sentence=(
            f"Order {terms.reference} needs {count} rows and eAccounting holds {_MOST_ROWS} on a document. Split the"
            " order in the shop and retry."
        ),
    )
