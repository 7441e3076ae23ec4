"""What a sales document adds up to.

Rules, all in exact decimals:

* row amount = quantity x unit price x (1 - discount), rounded half-up to cents per row;
* prices without VAT: VAT per rate = sum of the row amounts of that rate x rate, rounded half-up on the sum;
* prices with VAT: VAT per rate = sum of the row amounts x rate / (1 + rate), rounded half-up on the sum, and the net is
  what remains, so that the total is exactly the sum of the rows;
* with rounding to whole units switched on, the rounding is the difference to the total rounded half away from zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Line:
    """A priced row: quantity, price per unit, discount as a fraction, VAT rate as a fraction."""

    quantity: Decimal
    unit_price: Decimal
    discount: Decimal
    rate: Decimal


@dataclass(frozen=True)
class RateTotal:
    """What the rows of one VAT rate add up to."""

    net: Decimal
    vat: Decimal


@dataclass(frozen=True)
class Totals:
    """Net, VAT, rounding and the amount to pay of one document, with the amount of every row in its price mode."""

    net: Decimal
    vat: Decimal
    rounding: Decimal
    row_amounts: list[Decimal]
    by_rate: dict[Decimal, RateTotal] = field(default_factory=dict)

    @property
    def to_pay(self) -> Decimal:
        """Total with VAT and rounding."""
        return self.net + self.vat + self.rounding


def cents(amount: Decimal) -> Decimal:
    """Round half-up (away from zero) to two decimals."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def document_totals(lines: Sequence[Line], *, includes_vat: bool, whole_units: bool = False) -> Totals:
    """Add up a document; see the module text for the rules.

    Args:
        lines: The priced rows; text rows stay out.
        includes_vat: Whether the unit prices include VAT.
        whole_units: Round the amount to pay to whole currency units.
    """
    amounts = [cents(line.quantity * line.unit_price * (1 - line.discount)) for line in lines]
    sums: dict[Decimal, Decimal] = {}
    for line, amount in zip(lines, amounts, strict=True):
        sums[line.rate] = sums.get(line.rate, Decimal("0.00")) + amount
    by_rate: dict[Decimal, RateTotal] = {}
    for rate, amount in sums.items():
        if includes_vat:
            vat = cents(amount * rate / (1 + rate))
            by_rate[rate] = RateTotal(amount - vat, vat)
        else:
            by_rate[rate] = RateTotal(amount, cents(amount * rate))
    net = sum((part.net for part in by_rate.values()), Decimal("0.00"))
    vat = sum((part.vat for part in by_rate.values()), Decimal("0.00"))
    total = net + vat
    rounding = total.quantize(Decimal(1), rounding=ROUND_HALF_UP) - total if whole_units else Decimal("0.00")
    return Totals(net, vat, rounding, amounts, by_rate)
