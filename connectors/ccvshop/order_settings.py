"""What a person sets for orders that are sent to a CCV Shop, and what of them the mapping fills."""

from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Setting

from connectors.ccvshop.addresses import address_fields, address_rules
from connectors.ccvshop.statuses import STATUS_PATTERN
from connectors.layers import mandatory_with
from mapping.fields import Field, FieldKind
from mapping.rules import Rule

BILLING: Final = "customer.billingaddress"
DELIVERY: Final = "customer.deliveryaddress"


class MissingArticle(StrEnum):
    """What becomes of an order line whose product the shop does not have."""

    PARK = "park"
    FREE_ROW = "free_row"


class CcvOrderTarget(BaseModel):
    """How orders are taken in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    missing_product: MissingArticle = Setting(
        default=MissingArticle.PARK,
        title="Missing product",
        description="Let the order wait (park), or describe the line on the order without a product (free_row).",
    )
    package: str = Setting(
        default="",
        pattern="^[0-9]*$",
        title="Package",
        description="The shipping class of lines without a product.",
        json_schema_extra={**mandatory_with("missing_product", MissingArticle.FREE_ROW), "choices": "packages"},
    )
    order_status: str = Setting(
        default="",
        pattern=STATUS_PATTERN,
        title="Status of a new order",
        description="Empty leaves it to the shop.",
        json_schema_extra={"choices": "statuses"},
    )
    link_customers: bool = Setting(
        default=True,
        title="Link customers",
        description="Whether an order goes to the registered customer with its e-mail address; otherwise to a guest.",
    )


FIELDS: Final = (
    Field("status", "Status", choices="statuses"),
    Field("paid", "Paid", FieldKind.BOOLEAN),
    Field("orderedinlng", "Language", description="Two letters."),
    Field("deliver_method", "Delivery", description="shipping, delivery or pickup"),
    Field("deliver_date", "Delivery date"),
    Field("customer.email", "E-mail"),
    Field("customer.customertype", "Kind of customer", description="b2b or b2c"),
    Field("customer.reference", "The customer's own reference"),
    Field("customer.btw", "VAT number"),
    Field("customer.kvk", "Registration number"),
    *address_fields(BILLING, "Billing address", ("first_name", "first name"), ("last_name", "last name")),
    *address_fields(DELIVERY, "Delivery address", ("full_name", "name")),
)
ROW_FIELDS: Final = (
    Field("product_name", "Name of the line"),
    Field("memo", "Note on the line"),
)


def order_rules(settings: BaseModel) -> tuple[Rule, ...]:
    """The default mapping of orders; prices, quantities and VAT are computed."""
    status = CcvOrderTarget.model_validate(settings).order_status
    first = (Rule(target="status", expression=f'"{status}"'),) if status else ()
    return (
        *first,
        Rule(target="paid", expression='payment_status == "paid"'),
        Rule(target="orderedinlng", expression="customer.language or none"),
        Rule(target="customer.email", expression="customer.email | trim or none"),
        Rule(target="customer.customertype", expression='"b2b" if customer.is_company else "b2c"'),
        Rule(target="customer.btw", expression="customer.vat_number or none"),
        Rule(target="customer.kvk", expression="customer.registration_number or none"),
        Rule(target=f"{BILLING}.first_name", expression="customer.first_name or none"),
        Rule(target=f"{BILLING}.last_name", expression="customer.last_name or billing.name or none"),
        Rule(target=f"{BILLING}.company", expression="customer.company or billing.company or none"),
        Rule(target=f"{BILLING}.telephone", expression="customer.phone or none"),
        *address_rules(BILLING, "billing"),
        Rule(target=f"{DELIVERY}.full_name", expression="shipping.name or none"),
        Rule(target=f"{DELIVERY}.company", expression="shipping.company or none"),
        *address_rules(DELIVERY, "shipping"),
        Rule(target="product_name", expression="line.name or none"),
    )
