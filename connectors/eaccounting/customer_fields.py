"""What a customer of eAccounting can be given, and what it is given unless a person says otherwise."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from connectors.eaccounting.addresses import STREET_LENGTH
from connectors.layers import MANDATORY
from mapping.fields import Field as Target
from mapping.fields import FieldKind
from mapping.rules import Rule, When

Country = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, pattern="^[A-Za-z]{2}$")]


class VatTreatment(StrEnum):
    """How eAccounting works out the VAT of a customer's sales. It has no VAT code on a customer."""

    COUNTRY = "country"
    """By the invoice country and the VAT number."""
    DELIVERY = "delivery"
    """By the delivery address, as the one-stop shop wants it."""
    CHARGED = "charged"
    """With VAT although the customer is outside the EU."""


TREATMENT_MEMBERS: Final[Mapping[VatTreatment, Mapping[str, bool]]] = {
    VatTreatment.COUNTRY: {"DeliveryBasedVat": False, "ForceBookkeepVat": False},
    VatTreatment.DELIVERY: {"DeliveryBasedVat": True, "ForceBookkeepVat": False},
    VatTreatment.CHARGED: {"DeliveryBasedVat": False, "ForceBookkeepVat": True},
}


class EAccountingCustomers(BaseModel):
    """How customers of a register become customers of eAccounting."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    terms_of_payment: str = Field(
        default="",
        title="Terms of payment",
        description="Of new customers; eAccounting takes no customer without.",
        json_schema_extra={"choices": "terms_of_payment", **MANDATORY},
    )
    label: str = Field(
        default="",
        title="Label",
        description="Which kind of debtor new customers are, by the name of a customer label; empty leaves it out.",
        json_schema_extra={"choices": "customer_labels"},
    )
    default_city: str = Field(
        default="",
        max_length=50,
        title="Default city",
        description="Stands in for a missing one; empty lets such a customer wait for a person.",
    )
    default_postcode: str = Field(
        default="",
        max_length=10,
        title="Default postcode",
        description="Stands in for a missing one; empty lets such a customer wait for a person.",
    )
    vat_treatment: dict[Country, VatTreatment] = Field(
        default_factory=dict,
        title="VAT treatment per country",
        description="Of new customers, by invoice country; a country that is not here goes by country and VAT number.",
    )


def _text(name: str, title: str, length: int, *, required: bool = False, choices: str = "") -> Target:
    return Target(name, title, max_length=length, required=required, choices=choices)


def _flag(name: str, title: str, description: str = "") -> Target:
    return Target(name, title, FieldKind.BOOLEAN, description=description)


FIELDS: Final[tuple[Target, ...]] = (
    _text("Name", "Name", 50, required=True),
    _flag("IsPrivatePerson", "Private person", "No for companies."),
    _flag("IsActive", "Active"),
    _text("CustomerNumber", "Customer number", 16),
    _text("EmailAddress", "E-mail address", 255),
    _text("EmailAddressOrder", "E-mail address for orders", 255),
    _text("EmailAddressQuote", "E-mail address for quotes", 255),
    _text("Telephone", "Phone", 50),
    _text("MobilePhone", "Mobile phone", 50),
    Target(
        "InvoiceAddress1",
        "Invoice street",
        max_length=STREET_LENGTH,
        description="Goes on over the second line while that has no other text.",
    ),
    _text("InvoiceAddress2", "Invoice address, second line", 50),
    _text("InvoicePostalCode", "Invoice postcode", 10),
    _text("InvoiceCity", "Invoice city", 50),
    _text("InvoiceCountryCode", "Invoice country", 2),
    _text("DeliveryCustomerName", "Delivery name", 100),
    Target(
        "DeliveryAddress1",
        "Delivery street",
        max_length=STREET_LENGTH,
        description="Goes on over the second line while that has no other text.",
    ),
    _text("DeliveryAddress2", "Delivery address, second line", 50),
    _text("DeliveryPostalCode", "Delivery postcode", 10),
    _text("DeliveryCity", "Delivery city", 50),
    _text("DeliveryCountryCode", "Delivery country", 2),
    _text("ContactPersonName", "Contact person", 100),
    _text("ContactPersonEmail", "E-mail address of the contact person", 255),
    _text("ContactPersonPhone", "Phone of the contact person", 50),
    _text("ContactPersonMobile", "Mobile phone of the contact person", 50),
    _text("CorporateIdentityNumber", "Registration number", 20),
    _text("VatNumber", "VAT number", 20),
    _text("CurrencyCode", "Currency", 3),
    _text("TermsOfPaymentId", "Terms of payment", 36, choices="terms_of_payment"),
    _text("SalesPriceListId", "Price list", 36, choices="price_lists"),
    _text("DeliveryMethodId", "Delivery method", 36),
    _text("DeliveryTermId", "Delivery terms", 36),
    Target("DiscountPercentage", "Discount", FieldKind.NUMBER, places=4, description="A fraction: 0.15 for 15 %."),
    Target("CustomerLabels", "Labels", FieldKind.LIST, description="By their names.", choices="customer_labels"),
    _text("Note", "Note", 4000),
    _text("WwwAddress", "Website", 255),
    _text("GLN", "GLN", 255),
    _text("SalesDocumentLanguage", "Language of documents", 2),
    _text("ElectronicAddress", "Electronic address", 255),
    _text("ElectronicReference", "Electronic reference", 35),
    _flag("DeliveryBasedVat", "VAT by delivery address"),
    _flag("ForceBookkeepVat", "VAT outside the EU"),
    _flag("IsNorthernIreland", "Northern Ireland"),
    _flag("ReverseChargeOnConstructionServices", "Reverse charge on construction services"),
)
TARGETS: Final[Mapping[str, Target]] = {field.name: field for field in FIELDS}
NEVER_EMPTY: Final = frozenset({"Name", "InvoiceCity", "InvoicePostalCode", "TermsOfPaymentId"})
"""Members without which the vendor takes no customer."""

_IS_COMPANY: Final = 'customer.kind == "company" and customer.company'
_SHIPPED: Final = "(shipping if shipping.street or shipping.city else billing)"


def _street(address: str) -> str:
    parts = " ~ ' ' ~ ".join(f"{address}.{part}" for part in ("street", "number", "addition"))
    return f"({parts}) | replace('  ', ' ') | trim or none"


MAPPING: Final[tuple[Rule, ...]] = (
    Rule(
        target="Name",
        expression=(
            f"customer.company if {_IS_COMPANY} else (customer.first_name ~ ' ' ~ customer.last_name) | trim"
            " or billing.company or billing.name or customer.email"
        ),
    ),
    Rule(target="IsPrivatePerson", expression=f"not ({_IS_COMPANY})"),
    Rule(target="EmailAddress", expression="customer.email | trim | lower or none"),
    Rule(target="Telephone", expression="customer.phone or none"),
    Rule(target="InvoiceAddress1", expression=_street("billing")),
    Rule(target="InvoicePostalCode", expression="billing.postcode or none"),
    Rule(target="InvoiceCity", expression="billing.city or none"),
    Rule(target="InvoiceCountryCode", expression="billing.country | upper or none"),
    Rule(
        target="DeliveryCustomerName",
        expression=f"{_SHIPPED}.company or {_SHIPPED}.name or none",
    ),
    Rule(target="DeliveryAddress1", expression=_street(_SHIPPED)),
    Rule(target="DeliveryPostalCode", expression=f"{_SHIPPED}.postcode or none"),
    Rule(target="DeliveryCity", expression=f"{_SHIPPED}.city or none"),
    Rule(target="DeliveryCountryCode", expression=f"({_SHIPPED}.country or billing.country) | upper or none"),
    Rule(
        target="ContactPersonName",
        expression=(
            "(customer.first_name ~ ' ' ~ customer.last_name) | trim or billing.name or none"
            f" if {_IS_COMPANY} else none"
        ),
    ),
    Rule(target="ContactPersonEmail", expression=f"customer.email | trim | lower or none if {_IS_COMPANY} else none"),
    Rule(target="ContactPersonPhone", expression=f"customer.phone or none if {_IS_COMPANY} else none"),
    Rule(
        target="CorporateIdentityNumber",
        expression=f"customer.registration_number or none if {_IS_COMPANY} else none",
    ),
    Rule(target="VatNumber", expression=f"customer.vat_number or none if {_IS_COMPANY} else none"),
    Rule(target="CurrencyCode", expression="currency or none", when=When.CREATE),
    Rule(target="SalesPriceListId", expression='group | lookup("customer_group", none)'),
)
