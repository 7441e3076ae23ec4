"""What all records but orders share, and the records themselves: products, stock, customers, prices, shipments."""

from decimal import Decimal
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from commerce.customer import Address, Customer


class Record(BaseModel):
    """One record as its source states it. What is None was not said by the source: absent, not zero and not empty."""

    model_config = ConfigDict(frozen=True)

    source_id: str
    reference: str
    """What people call it: a SKU, an order number, a customer number. Never an e-mail address: it is kept in clear."""
    raw: dict[str, Any] = Field(default_factory=dict, repr=False)
    """The source's own fields, by their own names."""


class Image(BaseModel):
    """A picture of a product: where it can be fetched, or what tells it from others at its source."""

    model_config = ConfigDict(frozen=True)

    url: str = ""
    alt: str = ""


class Product(Record):
    """An article. Prices are per unit in ``currency``."""

    sku: str = ""
    ean: str = ""
    name: str = ""
    short_description: str | None = None
    description: str | None = None
    price_excl: Decimal | None = None
    price_incl: Decimal | None = None
    tax_rate: Decimal | None = None
    """A percentage: 21 for 21 %."""
    currency: str = ""
    unit: str = ""
    weight: Decimal | None = None
    """In kilograms."""
    brand: str = ""
    active: bool = True
    quantity: Decimal | None = None
    """In stock, when the product is read; the stock flow keeps it up to date."""
    categories: tuple[tuple[str, ...], ...] = ()
    """Paths from the top: (("Kitchen", "Mugs"),)."""
    images: tuple[Image, ...] = ()
    features: dict[str, str] = Field(default_factory=dict)
    """Further characteristics, by their names at the source."""
    parent_id: str = ""
    """The source id of the product this is a variant of; empty for a product of its own."""
    options: dict[str, str] = Field(default_factory=dict)
    """What makes the variant: {"Size": "L"}."""


class StockLevel(Record):
    """How much there is of an article, by every calculation that the source declares."""

    sku: str = ""
    ean: str = ""
    figures: dict[str, Decimal] = Field(default_factory=dict)
    managed: bool = True
    """False when the source keeps no stock of this article."""


class CustomerRecord(Record):
    """A customer of the register, apart from any order."""

    customer: Customer
    billing: Address
    shipping: Address
    number: str = ""
    """The merchant's own number of the customer: free text, so a person's name may stand there."""
    group: str = ""
    """The source's id of the customer group or price list; empty for none."""
    currency: str = ""
    active: bool = True


class GroupPrice(Record):
    """What an article costs a group of customers. One of price_excl and price_incl is the source's own statement."""

    group: str
    group_name: str = ""
    sku: str = ""
    ean: str = ""
    price_excl: Decimal | None = None
    price_incl: Decimal | None = None
    currency: str = ""


class Shipment(Record):
    """An order that left the house. ``order_reference`` is the shop's order number."""

    order_id: str
    """The source's id of its own order or delivery document."""
    order_reference: str = ""
    shipped_at: AwareDatetime | None = None
    """None when the source does not say: then it counts from when we first saw it shipped."""
    carrier: str = ""
    tracking_code: str = ""
    complete: bool = True
    """False while a part of the order is still to be shipped."""
