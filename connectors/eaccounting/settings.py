"""What a person sets for an eAccounting connection and for orders that are sent to it."""

from enum import StrEnum
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from commerce.problems import Problem, ProblemCode
from connectors.eaccounting.by_rate import ByRate
from connectors.errors import RecordRefused
from connectors.layers import mandatory_unless, mandatory_with
from connectors.protocols import DocumentType, MissingProduct

API_URL = "https://eaccountingapi.vismaonline.com"
IDENTITY_URL = "https://identity.vismaonline.com"


class EAccountingConnection(BaseModel):
    """One company at eAccounting, reached with one registered OAuth client."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    client_id: str = Field(min_length=1, title="Client id", description="Of the OAuth client the vendor registered.")
    client_secret: SecretStr = Field(title="Client secret", description="Belongs to the client id.")
    api_url: str = Field(default=API_URL, title="API address", description="Differs from the default for tests only.")
    identity_url: str = Field(
        default=IDENTITY_URL, title="Sign-in address", description="Differs from the default for tests only."
    )
    calls_per_minute: int | None = Field(
        default=None,
        ge=1,
        title="Calls per minute",
        description="What the vendor allows this client per address; empty means the published 600.",
    )
    book_vouchers: bool = Field(
        default=False,
        title="Book vouchers",
        description=(
            "Asks for one more permission at the next consent, to write in the ledger; only orders that become"
            " financial transactions need it."
        ),
    )


class OrderStatus(StrEnum):
    """The state a new order gets."""

    DRAFT = "draft"
    ONGOING = "ongoing"


class DefaultCustomerUse(StrEnum):
    """Whose orders go to the default customer."""

    EVERYONE = "everyone"
    PERSONS = "persons"
    WITHOUT_EMAIL = "without_email"


class DiscountRows(StrEnum):
    """How an order's discount shows."""

    SEPARATE = "separate"
    SPREAD = "spread"


class EAccountingOrders(BaseModel):
    """How orders become documents.

    Articles are given per VAT percentage, or per delivery country and percentage: ``{"21": "SHIP21", "BE": "SHIPBE"}``;
    so are the accounts of vouchers, which name no article.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    shipping_article: ByRate = Field(
        default_factory=dict,
        title="Shipping article",
        description="Article number per VAT percentage, or country.",
        json_schema_extra={"choices": "articles"},
    )
    fee_article: ByRate = Field(
        default_factory=dict,
        title="Payment fee article",
        description="Article number per VAT percentage, or country.",
        json_schema_extra={"choices": "articles"},
    )
    discount_article: ByRate = Field(
        default_factory=dict,
        title="Discount article",
        description="Article number per VAT percentage, or country.",
        json_schema_extra={"choices": "articles"},
    )
    rounding_article: ByRate = Field(
        default_factory=dict,
        title="Rounding article",
        description="Article number per VAT percentage; the one at 0 % takes true remainders.",
        json_schema_extra={"choices": "articles", **mandatory_unless("document_type", DocumentType.TRANSACTION)},
    )
    product_article: ByRate = Field(
        default_factory=dict,
        title="Replacement article",
        description=(
            "For products sold to a country whose VAT code or revenue account differs from their own article's:"
            " an article number per country, or country and percentage; {sku} in it stands for the product's own SKU."
        ),
    )
    missing_product: MissingProduct = Field(
        default=MissingProduct.PARK,
        title="Missing product",
        description="What becomes of an order that names an article eAccounting does not have.",
    )
    substitute_article: ByRate = Field(
        default_factory=dict,
        title="Substitute article",
        description="Article number per VAT percentage; also takes rows that have no SKU.",
        json_schema_extra={
            "choices": "articles",
            **mandatory_with("missing_product", MissingProduct.SUBSTITUTE, group_rows=True),
        },
    )
    group_rows: bool = Field(
        default=False,
        title="One row per VAT percentage",
        description=(
            "Sums the products of an order up on the substitute articles; no row names a product then, and eAccounting"
            " keeps no stock by it."
        ),
    )
    new_article_coding: ByRate = Field(
        default_factory=dict,
        title="Coding of new articles",
        description="Account coding per VAT percentage; not needed where only one coding has the percentage.",
        json_schema_extra={"choices": "codings"},
    )
    new_article_unit: str = Field(
        default="",
        title="Unit of new articles",
        description="What articles that orders bring in are counted in.",
        json_schema_extra={"choices": "units", **mandatory_with("missing_product", MissingProduct.CREATE)},
    )
    new_article_label: str = Field(
        default="",
        title="Label of new articles",
        description="Groups the articles that orders brought in; empty leaves it out.",
        json_schema_extra={"choices": "article_labels"},
    )
    discounts: DiscountRows = Field(
        default=DiscountRows.SEPARATE,
        title="Order discount",
        description="On a row of its own, or taken off the product rows in proportion.",
    )
    zero_shipping_row: bool = Field(
        default=False, title="Row for free shipping", description="Whether shipping that costs nothing gets a row."
    )
    terms_of_payment: str = Field(
        default="",
        title="Terms of payment",
        description="For payment methods without an entry of their own; empty uses the customer's.",
        json_schema_extra={"choices": "terms_of_payment"},
    )
    delivery_method: str = Field(
        default="",
        title="Delivery method",
        description="For shipping methods without an entry of their own; empty leaves it out.",
        json_schema_extra={"choices": "delivery_methods"},
    )
    order_status: OrderStatus = Field(
        default=OrderStatus.ONGOING,
        title="Status of a new order",
        description="For source statuses without an entry of their own.",
    )
    reference_field: Literal["BuyersOrderReference", "YourReference"] = Field(
        default="BuyersOrderReference",
        title="Field for the order number",
        description="Where the shop's order number stands; it must not be used for anything else.",
    )
    reference_prefix: str = Field(
        default="",
        max_length=15,
        title="Prefix of the order number",
        description="Tells the orders of several shops apart that share one administration.",
    )
    store_field: Literal["none", "our_reference"] = Field(
        default="none", title="Field for the store", description="Where the store id of an order is written."
    )
    default_store: str = Field(
        default="", title="Default store", description="The store id of orders that come without one."
    )
    default_channel: str = Field(
        default="",
        title="Default sales channel",
        description="Of orders that come without one; rules of the mapping read it as channel.",
    )
    default_customer: str = Field(
        default="", title="Default customer", description="Number of the customer that takes orders of many buyers."
    )
    default_customer_use: DefaultCustomerUse = Field(
        default=DefaultCustomerUse.EVERYONE, title="Default customer is for", description="Whose orders it takes."
    )
    default_city: str = Field(
        default="", title="Default city", description="Stands in for a missing one; empty parks such an order."
    )
    default_postcode: str = Field(
        default="", title="Default postcode", description="Stands in for a missing one; empty parks such an order."
    )
    voucher_account: str = Field(
        default="",
        title="Account for what was paid",
        description=(
            "Financial transactions: debited with the order's total, for payment methods without an entry of their own."
        ),
        json_schema_extra={"choices": "accounts"},
    )
    voucher_revenue_account: ByRate = Field(
        default_factory=dict,
        title="Revenue account",
        description="Financial transactions: account number per VAT percentage, or country.",
        json_schema_extra={"choices": "accounts", **mandatory_with("document_type", DocumentType.TRANSACTION)},
    )
    voucher_vat_account: ByRate = Field(
        default_factory=dict,
        title="VAT account",
        description="Financial transactions: account number per VAT percentage, or country; 0 % needs none.",
        json_schema_extra={"choices": "accounts"},
    )
    voucher_shipping_account: ByRate = Field(
        default_factory=dict,
        title="Shipping account",
        description="Financial transactions: per VAT percentage, or country; the revenue account where there is none.",
        json_schema_extra={"choices": "accounts"},
    )
    voucher_fee_account: ByRate = Field(
        default_factory=dict,
        title="Payment fee account",
        description="Financial transactions: per VAT percentage, or country; the revenue account where there is none.",
        json_schema_extra={"choices": "accounts"},
    )
    voucher_rounding_account: str = Field(
        default="",
        title="Rounding account",
        description="Financial transactions: takes what was paid beyond the lines; empty: the revenue account of 0 %.",
        json_schema_extra={"choices": "accounts"},
    )
    time_zone: str = Field(
        default="Europe/Amsterdam", title="Time zone", description="Of the company; decides the date of a document."
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"{name} is not a time zone; write it as Europe/Amsterdam") from error
        return name

    def full_reference(self, reference: str) -> str:
        """The order number as it stands on the document.

        Raises:
            RecordRefused: ``VALUE_TOO_LONG``; a cut-off number could not be found again.
        """
        full = self.reference_prefix + reference
        limit = 35 if self.reference_field == "BuyersOrderReference" else 100
        if len(full) > limit:
            raise RecordRefused(
                Problem(
                    code=ProblemCode.VALUE_TOO_LONG,
                    field=self.reference_field,
                    value=full,
                    sentence=(
                        f"Order {reference}: the order number {full} is longer than the {limit} characters that"
                        f" {self.reference_field} holds. Choose another field for the order number or a shorter prefix."
                    ),
                )
            )
        return full
