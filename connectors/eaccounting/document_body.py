"""From an order to the body of an eAccounting document, apart from its priced rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from commerce.customer import Address
from commerce.order import Order
from commerce.problems import Problem, ProblemCode
from connectors.eaccounting.api import Record
from connectors.eaccounting.customer_body import email_of
from connectors.eaccounting.document_fields import fitted
from connectors.eaccounting.lines import Precision, RowPlan
from connectors.eaccounting.settings import EAccountingOrders, OrderStatus
from connectors.eaccounting.terms import delivery_method, order_status, store_of, terms_of_payment
from connectors.eaccounting.text import Fitting, clean, pieces
from connectors.errors import RecordRefused
from connectors.order_mapping import applied, order_record
from connectors.protocols import DocumentRequest, DocumentType, OrderRules

REFERENCE_TEXT: Final = "Order "
"""Begins the text row that carries the order number of a quote, which has no field for it."""

_STATUS: Final = {OrderStatus.DRAFT: 1, OrderStatus.ONGOING: 2}
_ORDER_ROW: Final[Mapping[str, Any]] = {"IsWorkCost": False, "EligibleForReverseChargeOnVat": False}
_DRAFT_ROW: Final[Mapping[str, Any]] = {"ReversedConstructionServicesVatFree": False}
_LINE: Final = 50


@dataclass(frozen=True)
class Form:
    """What one kind of document is called and can hold."""

    path: str
    noun: str
    number: str
    changed_since: str
    """Parameter that bounds a reading of the list; a filter on the member, or a parameter of its own."""
    has_reference: bool
    quantity_decimals: int


FORMS: Final[Mapping[DocumentType, Form]] = {
    DocumentType.ORDER: Form(
        "/orders", "sales order", "Number", "ModifiedUtc", has_reference=True, quantity_decimals=4
    ),
    DocumentType.INVOICE_DRAFT: Form(
        "/customerinvoicedrafts", "invoice draft", "", "CreatedUtc", has_reference=True, quantity_decimals=2
    ),
    DocumentType.INVOICE: Form(
        "/customerinvoices",
        "invoice",
        "InvoiceNumber",
        "modifiedSinceUtc",
        has_reference=True,
        quantity_decimals=2,
    ),
    DocumentType.QUOTE: Form("/quotes", "quote", "Number", "CreatedUtc", has_reference=False, quantity_decimals=4),
}


def precision(kind: DocumentType, *, domestic: bool) -> Precision:
    """Decimals of prices and quantities. Source: Visma eAccounting API models (October 2021, September 2026)."""
    price = 2 if domestic or kind is DocumentType.QUOTE else 4
    return Precision(price=price, quantity=FORMS[kind].quantity_decimals)


def readable(request: DocumentRequest, settings: EAccountingOrders, country: str) -> Record:
    """What rules read of an order: with the settings' defaults in place of what it lacks.

    Args:
        request: The order, and what it becomes.
        settings: The flow's.
        country: The company's own, for addresses that name none.

    Raises:
        RecordRefused: ``MISSING_FIELD`` naming ``store_id`` when the documents need a store.
    """
    order = request.order
    record = order_record(order)
    if request.kind not in (DocumentType.QUOTE, DocumentType.TRANSACTION):
        record["store_id"] = store_of(order, settings) or order.store_id
    record["channel"] = order.channel.strip() or settings.default_channel.strip()
    billing, shipping = record["billing"], record["shipping"]
    billing["postcode"] = billing["postcode"] or settings.default_postcode
    billing["city"] = billing["city"] or settings.default_city
    for address in (billing, shipping):
        address["country"] = (address["country"] or country).upper()
    return record


def header(
    request: DocumentRequest, settings: EAccountingOrders, rules: OrderRules, record: Record, fit: Fitting
) -> Record:
    """All members but the rows. Address members are always all sent, else the customer's would fill the gaps.

    Args:
        request: The order, what it becomes and for whom.
        settings: The flow's.
        rules: The flow's mapping.
        record: What the rules read of the order.
        fit: Takes what does not fit.

    Raises:
        RecordRefused: A value the document needs is missing, unmapped or too long.
    """
    order = request.order
    body: Record = {"CustomerId": request.customer.target_id, "EuThirdParty": False, "RotReducedInvoicingType": 0}
    day = order.placed_at.astimezone(ZoneInfo(settings.time_zone)).date().isoformat()
    if request.kind is DocumentType.QUOTE:
        return body | {"QuoteDate": day}
    mapped = applied(rules.header, record, request.values)
    body |= _delivery_method(request, settings, fit)
    body |= fitted(mapped.values, request.kind, fit)
    body |= {settings.reference_field: settings.full_reference(order.reference)}
    _require_date(order, body)
    if request.kind is not DocumentType.ORDER:
        return body | {"InvoiceDate": day, "ReplaceUnitPriceWhenZero": False}
    return body | {
        "CurrencyCode": order.currency,
        "OrderDate": day,
        "Status": _STATUS[order_status(order, settings, request.values)],
        "ReverseChargeOnConstructionServices": False,
        "TermsOfPaymentId": terms_of_payment(order, settings, request.values) or None,
    }


def _delivery_method(request: DocumentRequest, settings: EAccountingOrders, fit: Fitting) -> Record:
    """The mapped delivery method, or the default, which is noted as such."""
    order = request.order
    method = delivery_method(order, settings, request.values)
    mapped = request.values.get("shipping_method", {})
    if order.shipping_method and order.shipping_method not in mapped and (method or mapped):
        got = f"got the default delivery method {method}" if method else "has no entry, and there is no default"
        fit.notes.append(f"Shipping method “{order.shipping_method}” {got}.")
    return {"DeliveryMethodName": fit(method, _LINE, "Delivery method")} if method else {}


def _require_date(order: Order, body: Record) -> None:
    stated = str(body.get("DeliveryDate") or "")
    if not stated:
        body.pop("DeliveryDate", None)
        return
    try:
        date.fromisoformat(stated)
    except ValueError:
        raise RecordRefused(
            Problem(
                code=ProblemCode.INVALID_VALUE,
                field="DeliveryDate",
                value=stated,
                sentence=(
                    f"Order {order.reference}: “{stated}” is no delivery date. Let its rule give a date like"
                    " 2026-12-31, and retry."
                ),
            )
        ) from None


def text_rows(request: DocumentRequest, settings: EAccountingOrders, customer: Record, fit: Fitting) -> list[str]:
    """Texts the document carries beside its priced rows.

    These are a quote's order number, a buyer who is not the customer record, and in full whatever had to be cut.
    """
    order = request.order
    texts = []
    if request.kind is DocumentType.QUOTE:
        texts.append(REFERENCE_TEXT + settings.full_reference(order.reference))
    if request.customer.action == "default" or _shows_another_buyer(request.kind, order, customer):
        texts += pieces(f"Buyer: {_described(order.billing, order, with_contact=True)}")
    if request.kind is DocumentType.QUOTE and _delivery_address(order) != order.billing:
        texts += pieces(f"Deliver to: {_described(_delivery_address(order), order, with_contact=False)}")
    return texts + fit.text_rows()


def rows(kind: DocumentType, plan: RowPlan, texts: Sequence[str]) -> list[Record]:
    """The priced rows of a plan, then the text rows, in the form of the kind of document."""
    priced: list[Record] = [
        {
            "ArticleId": row.article_id,
            "Quantity": row.quantity,
            "UnitPrice": row.unit_price,
            "DiscountPercentage": row.discount,
            **({"Text": row.text} if row.text else {}),
            **({} if kind is DocumentType.QUOTE else row.extra),
        }
        for row in plan.rows
    ]
    if kind is DocumentType.QUOTE:
        return [*priced, *({"Text": text} for text in texts)]
    extra = _ORDER_ROW if kind is DocumentType.ORDER else _DRAFT_ROW
    both = [
        *({"IsTextRow": False, **extra, **row} for row in priced),
        *({"IsTextRow": True, **extra, "Text": text} for text in texts),
    ]
    return [{"LineNumber": number, **row} for number, row in enumerate(both, 1)]


def _delivery_address(order: Order) -> Address:
    return order.shipping if order.shipping.street or order.shipping.city else order.billing


def _billed_name(order: Order) -> str:
    names = (order.customer.display_name(), order.billing.company, order.billing.name, email_of(order))
    return next((name for name in names if clean(name)), "")


def _shows_another_buyer(kind: DocumentType, order: Order, customer: Record) -> bool:
    """Whether a document that takes the buyer's address from the customer record would show another one."""
    if kind is DocumentType.ORDER:
        return False
    members = {"InvoicePostalCode": order.billing.postcode, "InvoiceCity": order.billing.city}
    return any(clean(value) and str(customer.get(name) or "") != clean(value) for name, value in members.items())


def _described(address: Address, order: Order, *, with_contact: bool) -> str:
    name = _billed_name(order) if with_contact else address.company or address.name
    parts = [name, address.street_line(), f"{address.postcode} {address.city}", address.country]
    if with_contact:
        parts += [email_of(order), order.customer.phone]
    return ", ".join(text for text in map(clean, parts) if text)
