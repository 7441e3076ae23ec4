"""From the lines of an order to a balanced journal entry whose debit and credit are both the order's total.

One row debits what was paid; credits are revenue per account and VAT per rate, summed and rounded as documents do. No
amount is negative at the vendor: discounts lower the revenue of their own VAT rate.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from commerce.money import cents
from commerce.order import Line, LineKind
from commerce.problems import Problem, ProblemCode
from connectors.eaccounting.by_rate import rate_text
from connectors.eaccounting.lines import ROUNDING_TEXT
from connectors.errors import RecordRefused

TEXT_LENGTH: Final = 60
"""Of a row's text. Source: Visma eAccounting API models (October 2021)."""
_HUNDRED: Final = Decimal(100)
_NOTHING: Final = Decimal(0)


@dataclass(frozen=True)
class Booking:
    """An order line with the account its revenue goes to."""

    line: Line
    account: str
    text: str
    extra: Mapping[str, str] = field(default_factory=dict)
    """Further members of its row, such as a cost centre; lines that differ in them get rows of their own."""


@dataclass(frozen=True)
class Entry:
    """A row: an amount above zero on one side."""

    account: str
    amount: Decimal
    text: str
    debit: bool = False
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class VoucherTerms:
    """What an entry must come to, and the accounts that no line names."""

    reference: str
    total: Decimal
    paid_account: str
    paid_text: str
    vat_accounts: Mapping[Decimal, str]
    """By VAT percentage; those that the order's VAT needs."""
    rounding_account: str
    """Takes what the customer paid beyond the lines; empty when there is none."""
    rounding_limit: Decimal


@dataclass(frozen=True)
class Taxed:
    """What one VAT rate comes to."""

    net: Decimal
    vat: Decimal


@dataclass(frozen=True)
class VoucherPlan:
    """A balanced entry; debit and credit are each the order's total."""

    entries: tuple[Entry, ...]
    rounding: Decimal
    """What the lines do not account for."""
    notes: tuple[str, ...] = ()


@dataclass
class _Share:
    """What goes onto one revenue row."""

    account: str
    extra: Mapping[str, str]
    net: Decimal = _NOTHING
    texts: list[str] = field(default_factory=list)


def taxed_per_rate(lines: Sequence[Line]) -> dict[Decimal, Taxed]:
    """Net amount and VAT per percentage, each rounded once on the sum of the rate, as documents round it."""
    gross: defaultdict[Decimal, Decimal] = defaultdict(Decimal)
    net: defaultdict[Decimal, Decimal] = defaultdict(Decimal)
    for line in lines:
        (gross if line.includes_tax else net)[line.tax_rate] += line.total
    found = {}
    for rate in sorted(gross.keys() | net.keys(), reverse=True):
        without = cents(gross[rate] / (1 + rate / _HUNDRED))
        added = cents(net[rate])
        vat = cents(gross[rate]) - without + cents(added * rate / _HUNDRED)
        found[rate] = Taxed(without + added, vat)
    return found


def plan_voucher(bookings: Sequence[Booking], terms: VoucherTerms) -> VoucherPlan:
    """Plan the rows of an order's entry.

    Raises:
        RecordRefused: ``TOTALS_DIFFER`` when lines and total differ by more than the limit, ``INVALID_VALUE`` when the
            discounts of a VAT rate exceed what was sold at it, ``SETTING_MISSING`` when a rounding account is needed
            and not set, ``EMPTY_ORDER`` when there is nothing to book.
    """
    rates = taxed_per_rate([booking.line for booking in bookings])
    revenue: list[_Share] = []
    vat: list[Entry] = []
    for rate, taxed in rates.items():
        if taxed.net < 0 or taxed.vat < 0:
            raise RecordRefused(_below_nothing(terms.reference, rate, taxed.net + taxed.vat))
        revenue += _revenue([booking for booking in bookings if booking.line.tax_rate == rate], rate, taxed.net)
        if taxed.vat:
            vat.append(Entry(terms.vat_accounts[rate], taxed.vat, f"VAT {rate_text(rate)} %"))
    remainder = cents(terms.total) - sum((taxed.net + taxed.vat for taxed in rates.values()), _NOTHING)
    if abs(remainder) > terms.rounding_limit:
        raise RecordRefused(_totals_differ(terms, cents(terms.total) - remainder))
    rounding, notes = _rounded(remainder, revenue, terms)
    paid = Entry(terms.paid_account, cents(terms.total), terms.paid_text, debit=True)
    earned = [Entry(one.account, one.net, ", ".join(one.texts), extra=one.extra) for one in revenue if one.net]
    if not paid.amount:
        raise RecordRefused(_nothing(terms.reference))
    return VoucherPlan((paid, *earned, *rounding, *vat), remainder, notes)


def _revenue(bookings: Sequence[Booking], rate: Decimal, net: Decimal) -> list[_Share]:
    """The net amount of a rate, shared out over its accounts."""
    shares: dict[tuple[str, tuple[tuple[str, str], ...]], _Share] = {}
    for booking in bookings:
        key = (booking.account, tuple(sorted(booking.extra.items())))
        share = shares.setdefault(key, _Share(booking.account, booking.extra))
        total = booking.line.total
        share.net += total / (1 + rate / _HUNDRED) if booking.line.includes_tax else total
        if booking.text and booking.text not in share.texts and booking.line.kind is not LineKind.DISCOUNT:
            share.texts.append(booking.text)
    found = list(shares.values())
    for share in found:
        share.net = cents(share.net)
    largest = max(found, key=lambda share: share.net)
    largest.net += net - sum((share.net for share in found), _NOTHING)
    _level([share for share in found if share.net < 0], found)
    return found


def _level(below: Sequence[_Share], shares: Sequence[_Share]) -> None:
    """Take what is below zero off the largest others; together they are not below zero."""
    for share in below:
        for other in sorted(shares, key=lambda one: -one.net):
            part = min(other.net, -share.net)
            if share.net >= 0 or part <= 0:
                break
            other.net -= part
            share.net += part


def _rounded(
    remainder: Decimal, revenue: Sequence[_Share], terms: VoucherTerms
) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """The row for what was paid too much; what was paid too little comes off the largest revenue row.

    A debit of its own for the latter would make the entry's total more than the order's.
    """
    if not remainder:
        return (), ()
    if remainder < 0:
        largest = max(revenue, key=lambda share: share.net, default=None)
        if largest is None or largest.net < -remainder:
            raise RecordRefused(_nothing(terms.reference))
        largest.net += remainder
        return (), (f"The revenue on account {largest.account} was lowered by {-remainder} to the amount paid.",)
    if not terms.rounding_account:
        raise RecordRefused(_rounding_account_missing(terms.reference, remainder))
    entry = Entry(terms.rounding_account, remainder, ROUNDING_TEXT)
    return (entry,), (f"A rounding row of {remainder} was added.",)


def _totals_differ(terms: VoucherTerms, computed: Decimal) -> Problem:
    return Problem(
        code=ProblemCode.TOTALS_DIFFER,
        field="total",
        value=f"{terms.total}",
        sentence=(
            f"Order {terms.reference}: the customer was asked to pay {terms.total}, but the lines add up to {computed}."
            f" The difference is larger than the rounding limit of {terms.rounding_limit}. Correct the order in the"
            " shop, or raise the limit in the flow's settings, and retry."
        ),
    )


def _below_nothing(reference: str, rate: Decimal, amount: Decimal) -> Problem:
    percentage = rate_text(rate)
    return Problem(
        code=ProblemCode.INVALID_VALUE,
        field="discount",
        value=percentage,
        sentence=(
            f"Order {reference}: at {percentage} % VAT the discounts exceed what was sold by {-amount}, and a financial"
            " transaction has no negative amounts. Correct the discount or its VAT rate in the shop, or choose another"
            " order type, and retry."
        ),
    )


def _rounding_account_missing(reference: str, amount: Decimal) -> Problem:
    return Problem(
        code=ProblemCode.SETTING_MISSING,
        field="voucher_rounding_account",
        value="0",
        sentence=(
            f"Order {reference}: {amount} more was paid than its lines come to, and neither the setting rounding"
            " account nor the revenue account of 0 % names an account for it. Choose one, and retry."
        ),
    )


def _nothing(reference: str) -> Problem:
    return Problem(
        code=ProblemCode.EMPTY_ORDER,
        field="total",
        value="0",
        sentence=(
            f"Order {reference} comes to nothing, so there is nothing to book. Leave such orders out, or choose another"
            " order type."
        ),
    )
