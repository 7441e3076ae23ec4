"""What stands on an order beside its rows, booked so that the lines add up to what the customer paid.

The shop states payment costs, extra costs and discounts as bare amounts: neither their tax rate nor whether
``total_discounts`` holds credit points and the coupon is documented. Every documented reading is tried in a fixed
order, and the order's own total and tax tell which one the shop meant. None fitting is a refusal, never a guess.
Source: CCV Shop API documentation, orders (June 2022), and one logged order.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from itertools import product

from commerce.money import cents
from commerce.order import Line, LineKind

_CENT = Decimal("0.01")
_HALF_CENT = Decimal("0.005")
_ZERO = Decimal(0)


@dataclass(frozen=True)
class Charges:
    """The amounts of an order's header, discounts as positive figures."""

    costs: Sequence[tuple[str, Decimal]]
    """Payment costs and extra costs with their names; extra costs can be negative."""
    discounts: Decimal
    credit_points: Decimal
    coupon: Decimal
    coupon_code: str
    frees_shipping: bool
    include_tax: bool


@dataclass(frozen=True)
class Stated:
    """What the shop says the order comes to."""

    total: Decimal
    tax: Decimal


@dataclass(frozen=True)
class Reconciled:
    """The lines of the best reading, and what they come to."""

    lines: tuple[Line, ...]
    total: Decimal
    fits: bool


def reconcile(
    rows: Sequence[Line], shipping: Line | None, charges: Charges, stated: Stated, cost_rate: Decimal | None
) -> Reconciled:
    """Add the charges to the rows in the first reading whose total, and then tax, agrees with the shop's.

    ``cost_rate`` is the owner's word on the rate of costs; None leaves it to the totals. A difference of half a cent
    per line is what rounding explains.
    """
    base = [*rows, *([shipping] if shipping else [])]
    readings = [(extra, _Sums.of([*base, *extra])) for extra in _readings(rows, shipping, charges, cost_rate)]
    slack = max(_CENT, _HALF_CENT * (len(base) + len(readings[0][0]) + 1))

    def misfit(index: int) -> tuple[bool, bool, Decimal, Decimal, int]:
        sums = readings[index][1]
        total_off, tax_off = abs(sums.total - stated.total), abs(sums.tax - stated.tax)
        return total_off > slack, tax_off > slack, total_off, tax_off, index

    best = min(range(len(readings)), key=misfit)
    fits = not misfit(best)[0]
    extra, sums = readings[best if fits else 0]
    return Reconciled((*base, *extra), sums.total, fits)


@dataclass(frozen=True)
class _Sums:
    total: Decimal
    tax: Decimal

    @classmethod
    def of(cls, lines: Sequence[Line]) -> "_Sums":
        gross: defaultdict[Decimal, Decimal] = defaultdict(Decimal)
        net: defaultdict[Decimal, Decimal] = defaultdict(Decimal)
        for line in lines:
            (gross if line.includes_tax else net)[line.tax_rate] += line.total
        on_top = sum((cents(amount * rate / 100) for rate, amount in net.items()), _ZERO)
        contained = sum((cents(amount * rate / (100 + rate)) for rate, amount in gross.items()), _ZERO)
        total = sum(gross.values(), _ZERO) + sum(net.values(), _ZERO) + on_top
        return cls(cents(total), cents(on_top + contained))


def _readings(
    rows: Sequence[Line], shipping: Line | None, charges: Charges, cost_rate: Decimal | None
) -> Iterator[tuple[Line, ...]]:
    """Ways to book the charges, the plainest first; at least one, without repeats."""
    shares = _shares(rows, charges.include_tax)
    main = max(shares, key=lambda rate: (shares[rate], rate), default=_rate_of(shipping))
    rates = [cost_rate] if cost_rate is not None else [main, _rate_of(shipping), *sorted(shares, reverse=True)]
    if not any(amount for _, amount in charges.costs):
        rates = rates[:1]
    seen: set[tuple[Line, ...]] = set()
    for amount, spread, rate in product(_discount_readings(charges), (shares, {main: Decimal(1)}), rates):
        costs = [_cost(name, cost, rate, charges) for name, cost in charges.costs if cost]
        lines = (*costs, *_discount(charges.coupon_code, amount, spread, includes_tax=charges.include_tax))
        if lines not in seen:
            seen.add(lines)
            yield lines
        if shipping and charges.frees_shipping:
            waived = _discount(
                charges.coupon_code, shipping.total, {shipping.tax_rate: Decimal(1)}, includes_tax=shipping.includes_tax
            )
            if (*lines, *waived) not in seen:
                seen.add((*lines, *waived))
                yield (*lines, *waived)


def _discount_readings(charges: Charges) -> list[Decimal]:
    """What all discounts of the order may come to."""
    return list(
        dict.fromkeys(
            (
                charges.discounts + charges.credit_points,
                charges.discounts,
                charges.discounts + charges.credit_points + charges.coupon,
                charges.coupon + charges.credit_points,
                charges.credit_points,
            )
        )
    )


def _shares(rows: Sequence[Line], includes_tax: bool) -> Mapping[Decimal, Decimal]:
    """What the rows come to per rate, in the tax direction of the charges; rates that sum to nothing are left out."""
    sums: defaultdict[Decimal, Decimal] = defaultdict(Decimal)
    for line in rows:
        amount = line.total
        if includes_tax and not line.includes_tax:
            amount = amount * (100 + line.tax_rate) / 100
        elif line.includes_tax and not includes_tax:
            amount = amount * 100 / (100 + line.tax_rate)
        sums[line.tax_rate] += amount
    return {rate: amount for rate, amount in sums.items() if amount > 0}


def _cost(name: str, amount: Decimal, rate: Decimal, charges: Charges) -> Line:
    kind = LineKind.FEE if amount > 0 else LineKind.DISCOUNT
    return _line(kind, name, cents(amount), rate, includes_tax=charges.include_tax)


def _discount(name: str, amount: Decimal, shares: Mapping[Decimal, Decimal], *, includes_tax: bool) -> list[Line]:
    """Discount lines, one per rate, in proportion and exact to the cent in sum."""
    parts = _split(cents(amount), shares)
    return [
        _line(LineKind.DISCOUNT, name, -part, rate, includes_tax=includes_tax) for rate, part in parts.items() if part
    ]


def _split(amount: Decimal, shares: Mapping[Decimal, Decimal]) -> dict[Decimal, Decimal]:
    whole = sum(shares.values(), _ZERO)
    exact = {rate: amount * share / whole for rate, share in shares.items()}
    parts = {rate: part.quantize(_CENT, rounding=ROUND_DOWN) for rate, part in exact.items()}
    left = int((amount - sum(parts.values(), _ZERO)) / _CENT)
    for rate in sorted(exact, key=lambda rate: (parts[rate] - exact[rate], rate))[:left]:
        parts[rate] += _CENT
    return parts


def _line(kind: LineKind, name: str, amount: Decimal, rate: Decimal, *, includes_tax: bool) -> Line:
    return Line(
        kind=kind,
        name=name,
        quantity=Decimal(1),
        unit_price=amount,
        total=amount,
        tax_rate=rate,
        includes_tax=includes_tax,
    )


def _rate_of(shipping: Line | None) -> Decimal:
    return shipping.tax_rate if shipping else _ZERO
