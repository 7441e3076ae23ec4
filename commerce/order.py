"""An order as the shop stated it, in the field's own terms."""

from collections import defaultdict
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from commerce.customer import Address, Customer
from commerce.money import cents


class LineKind(StrEnum):
    """What a line stands for."""

    PRODUCT = "product"
    SHIPPING = "shipping"
    FEE = "fee"
    DISCOUNT = "discount"
    ROUNDING = "rounding"


class PaymentStatus(StrEnum):
    """Whether the money is in."""

    PAID = "paid"
    UNPAID = "unpaid"
    UNKNOWN = "unknown"


class Line(BaseModel):
    """One line; prices and total include tax or not, as the line itself says."""

    model_config = ConfigDict(frozen=True)

    kind: LineKind
    name: str = ""
    sku: str = ""
    ean: str = ""
    quantity: Decimal
    unit_price: Decimal
    total: Decimal
    """What the source charged for the line, in hundredths; trusted over quantity times unit price."""
    tax_rate: Decimal
    """A percentage: 21 for 21 %."""
    includes_tax: bool


class Order(BaseModel):
    """One order. ``total`` is what the customer was asked to pay, and the truth."""

    model_config = ConfigDict(frozen=True)

    source_id: str
    reference: str
    """The order number as people know it; it goes onto the target's document."""
    placed_at: AwareDatetime
    currency: str
    """ISO 4217."""
    total: Decimal
    """Including tax."""
    tax: Decimal
    lines: tuple[Line, ...]
    customer: Customer
    billing: Address
    shipping: Address
    status: str = ""
    payment_status: PaymentStatus = PaymentStatus.UNKNOWN
    payment_method: str = ""
    shipping_method: str = ""
    store_id: str = ""
    channel: str = ""
    raw: dict[str, Any] = Field(default_factory=dict, repr=False)
    """The source's body, untouched."""

    def computed_total(self) -> Decimal:
        """Total including tax by the lines: tax is rounded once per rate, as an invoice does."""
        gross = Decimal(0)
        net: defaultdict[Decimal, Decimal] = defaultdict(Decimal)
        for line in self.lines:
            if line.includes_tax:
                gross += line.total
            else:
                net[line.tax_rate] += line.total
        for rate, amount in net.items():
            gross += amount + cents(amount * rate / 100)
        return cents(gross)
