"""What of a document's header and rows the mapping may fill, and how it does so until a person says otherwise."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

from connectors.eaccounting.settings import EAccountingOrders
from connectors.eaccounting.text import TEXT_ROW_LENGTH, Fitting
from connectors.protocols import DocumentType
from mapping.fields import Field
from mapping.rules import Rule

_LINE: Final = 50
_ON_EVERY_DOCUMENT: Final = (
    Field("YourReference", "Your reference", max_length=100),
    Field("OurReference", "Store", max_length=100, description="Our reference."),
    Field("DeliveryCustomerName", "Delivery name", max_length=100, description="50 characters on invoices."),
    Field("DeliveryAddress1", "Delivery street", max_length=_LINE),
    Field("DeliveryAddress2", "Delivery street, second line", max_length=_LINE),
    Field("DeliveryPostalCode", "Delivery postcode", max_length=10),
    Field("DeliveryCity", "Delivery city", max_length=_LINE),
    Field("DeliveryCountryCode", "Delivery country", max_length=2),
    Field("InvoiceAddress1", "Street", max_length=_LINE),
    Field("InvoiceAddress2", "Street, second line", max_length=_LINE),
    Field("DeliveryMethodName", "Delivery method", max_length=_LINE, choices="delivery_methods"),
    Field("DeliveryMethodCode", "Delivery method code", max_length=20),
    Field("DeliveryTermName", "Delivery terms", max_length=_LINE),
    Field("DeliveryTermCode", "Delivery terms code", max_length=20),
    Field("DeliveryDate", "Delivery date", max_length=10, description="As 2026-12-31."),
)
_ON_ORDERS: Final = (
    Field("InvoiceCustomerName", "Name", max_length=_LINE),
    Field("InvoicePostalCode", "Postcode", max_length=10),
    Field("InvoiceCity", "City", max_length=_LINE),
    Field("InvoiceCountryCode", "Country", max_length=2),
)

FIELDS: Final[tuple[Field, ...]] = (*_ON_EVERY_DOCUMENT, *_ON_ORDERS)
ROW_PREFIX: Final = "Rows."
ROW_TEXT: Final = ROW_PREFIX + "Text"
ROW_FIELDS: Final[tuple[Field, ...]] = (
    Field(ROW_TEXT, "Text of the row", max_length=TEXT_ROW_LENGTH, description="60 in financial transactions."),
    *(Field(f"{ROW_PREFIX}CostCenterItemId{number}", f"Cost centre {number}, id") for number in (1, 2, 3)),
    Field(f"{ROW_PREFIX}ProjectId", "Project, id"),
)
_TWO_LINES: Final = {"DeliveryAddress1": "DeliveryAddress2", "InvoiceAddress1": "InvoiceAddress2"}


def default_rules(settings: BaseModel) -> tuple[Rule, ...]:
    """The mapping before a person changes it."""
    chosen = EAccountingOrders.model_validate(settings)
    expressions = {
        "YourReference": 'customer.person_name if customer.is_company else ""',
        "OurReference": '""' if chosen.store_field == "none" else "store_id",
        "DeliveryCustomerName": "shipping.company or shipping.name",
        "DeliveryAddress1": "shipping.street_line",
        "DeliveryAddress2": 'shipping.name if shipping.company else ""',
        "DeliveryPostalCode": "shipping.postcode",
        "DeliveryCity": "shipping.city",
        "DeliveryCountryCode": "shipping.country",
        "InvoiceCustomerName": "buyer",
        "InvoiceAddress1": "billing.street_line",
        "InvoiceAddress2": '""',
        "InvoicePostalCode": "billing.postcode",
        "InvoiceCity": "billing.city",
        "InvoiceCountryCode": "billing.country",
        ROW_TEXT: "line.text",
    }
    return tuple(Rule(target=target, expression=expression) for target, expression in expressions.items())


def fitted(values: Mapping[str, Any], kind: DocumentType, fit: Fitting) -> dict[str, str]:
    """What the rules made, for one kind of document: cleaned, and cut visibly with the full text kept."""
    order = kind is DocumentType.ORDER
    result: dict[str, str] = {}
    for field in FIELDS if order else _ON_EVERY_DOCUMENT:
        if field.name not in values or field.name in result:
            continue
        limit = field.max_length or 0
        if field.name == "DeliveryCustomerName" and not order:
            limit = _LINE
        second = _TWO_LINES.get(field.name)
        if second is None or second not in values:
            result[field.name] = fit(values[field.name], limit, field.title)
        else:
            lines = fit.two_lines(values[field.name], values[second], limit, field.title)
            result[field.name], result[second] = lines
    return result
