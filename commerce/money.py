"""Amounts: exact decimals in the units of a currency, never floats."""

from decimal import ROUND_HALF_UP, Decimal

_CENT = Decimal("0.01")


def cents(amount: Decimal) -> Decimal:
    """Round an amount half up to hundredths of its currency, as invoices do."""
    return amount.quantize(_CENT, rounding=ROUND_HALF_UP)


def rounding_error(stated: Decimal, computed: Decimal) -> Decimal:
    """What must be added to the computed amount to get the stated one, in hundredths."""
    return cents(stated) - cents(computed)


def is_exact(amount: Decimal, places: int) -> bool:
    """Whether the amount fits into so many decimals without loss."""
    return amount == round(amount, places)
