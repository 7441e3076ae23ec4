"""The mapping of orders: what expressions may read of one, and the rules of a flow, compiled.

Rules make what stands on a document beside its money: prices and VAT are computed, so that totals stay the shop's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from commerce.customer import Address, CustomerKind
from commerce.order import Line, Order
from commerce.problems import Problem, ProblemCode
from connectors.errors import RecordRefused
from connectors.protocols import OrderRules
from mapping.errors import MappingFailed, ValueNotMapped
from mapping.fields import Field, FieldKind
from mapping.rules import Mapped, Rule, RuleSet

Values = Mapping[str, Mapping[str, str]]

_ADDRESS: Final = (
    ("name", "name"),
    ("company", "company"),
    ("street", "street"),
    ("number", "house number"),
    ("addition", "addition"),
    ("street_line", "street, number and addition"),
    ("postcode", "postcode"),
    ("city", "city"),
    ("country", "country code"),
)

ORDER_FIELDS: Final[tuple[Field, ...]] = (
    Field("reference", "Order number"),
    Field("source_id", "Id at the source"),
    Field("placed_at", "Placed at", FieldKind.MOMENT),
    Field("currency", "Currency"),
    Field("total", "Total with tax", FieldKind.MONEY),
    Field("tax", "Tax", FieldKind.MONEY),
    Field("status", "Status"),
    Field("payment_status", "Payment status"),
    Field("payment_method", "Payment method"),
    Field("shipping_method", "Shipping method"),
    Field("store_id", "Store", description="Or the default store of the settings."),
    Field("channel", "Sales channel", description="Or the default channel of the settings."),
    Field("buyer", "Buyer", description="The company's or the person's name, whichever exists."),
    Field("customer.is_company", "Customer: is a company", FieldKind.BOOLEAN),
    Field("customer.person_name", "Customer: first and last name"),
    Field("customer.first_name", "Customer: first name"),
    Field("customer.last_name", "Customer: last name"),
    Field("customer.company", "Customer: company"),
    Field("customer.email", "Customer: e-mail address"),
    Field("customer.phone", "Customer: phone"),
    Field("customer.vat_number", "Customer: VAT number"),
    Field("customer.registration_number", "Customer: registration number"),
    Field("customer.language", "Customer: language"),
    *(Field(f"billing.{name}", f"Billing: {title}") for name, title in _ADDRESS),
    *(Field(f"shipping.{name}", f"Delivery: {title}") for name, title in _ADDRESS),
)
"""What expressions of an orders flow may read, beside ``raw``."""

LINE_FIELDS: Final[tuple[Field, ...]] = (
    Field("line.name", "Line: name"),
    Field("line.sku", "Line: SKU"),
    Field("line.ean", "Line: EAN"),
    Field("line.kind", "Line: kind", description="product, shipping, fee, discount or rounding"),
    Field("line.quantity", "Line: quantity", FieldKind.NUMBER),
    Field("line.unit_price", "Line: unit price", FieldKind.MONEY),
    Field("line.total", "Line: total", FieldKind.MONEY),
    Field("line.tax_rate", "Line: tax percentage", FieldKind.NUMBER),
    Field("line.text", "Line: text", description="The name; with the SKU where the article is not the product's own."),
)
"""What expressions for rows may read beside the order's fields."""


def compile_order_rules(rules: Sequence[Rule], fields: Sequence[Field], row_fields: Sequence[Field]) -> OrderRules:
    """Check and compile a whole table for the fields of a document and of its rows.

    Raises:
        MappingRefused: Naming row, expression and reason; those of further rows are in its ``others``.
    """
    row_names = {field.name for field in row_fields}
    return OrderRules(
        header=RuleSet.compile(
            [rule for rule in rules if rule.target not in row_names],
            source_fields=ORDER_FIELDS,
            target_fields=_unbounded(fields),
        ),
        rows=RuleSet.compile(
            [rule for rule in rules if rule.target in row_names],
            source_fields=(*ORDER_FIELDS, *LINE_FIELDS),
            target_fields=_unbounded(row_fields),
        ),
    )


def _unbounded(fields: Sequence[Field]) -> list[Field]:
    """Targets of orders cut texts themselves, because they keep what was cut elsewhere on the document."""
    return [replace(field, max_length=None) for field in fields]


def order_record(order: Order) -> dict[str, Any]:
    """An order as expressions read it; the delivery address is the billing address where the order has none."""
    customer = order.customer
    delivery = order.shipping if order.shipping.street or order.shipping.city else order.billing
    names = (customer.display_name(), order.billing.company, order.billing.name, customer.email.lower())
    return {
        "reference": order.reference,
        "source_id": order.source_id,
        "placed_at": order.placed_at,
        "currency": order.currency,
        "total": order.total,
        "tax": order.tax,
        "status": order.status,
        "payment_status": str(order.payment_status),
        "payment_method": order.payment_method,
        "shipping_method": order.shipping_method,
        "store_id": order.store_id,
        "channel": order.channel,
        "buyer": next((name.strip() for name in names if name.strip()), ""),
        "customer": {
            "is_company": customer.kind is CustomerKind.COMPANY and bool(customer.company.strip()),
            "person_name": customer.person_name(),
            "first_name": customer.first_name,
            "last_name": customer.last_name,
            "company": customer.company,
            "email": customer.email,
            "phone": customer.phone,
            "vat_number": customer.vat_number,
            "registration_number": customer.registration_number,
            "language": customer.language,
        },
        "billing": _address(order.billing),
        "shipping": _address(delivery),
        "raw": order.raw,
    }


def line_record(record: Mapping[str, Any], line: Line, text: str) -> dict[str, Any]:
    """An order's record with one of its lines, as expressions for rows read it."""
    shown = {
        "name": line.name,
        "sku": line.sku,
        "ean": line.ean,
        "kind": str(line.kind),
        "quantity": line.quantity,
        "unit_price": line.unit_price,
        "total": line.total,
        "tax_rate": line.tax_rate,
        "text": text,
    }
    return {**record, "line": shown}


def applied(rules: RuleSet, record: Mapping[str, Any], values: Values) -> Mapped:
    """What the rules make of an order or of one of its lines.

    Raises:
        RecordRefused: ``UNMAPPED_VALUE`` naming table and value, or ``INVALID_VALUE`` naming target field and reason.
    """
    try:
        return rules.apply(record, lambda table, value: values.get(table, {}).get(value), creating=True)
    except ValueNotMapped as error:
        problem = _problem(record, ProblemCode.UNMAPPED_VALUE, error.table, error)
    except MappingFailed as error:
        problem = _problem(record, ProblemCode.INVALID_VALUE, error.target, error)
    raise RecordRefused(problem)


def _problem(record: Mapping[str, Any], code: ProblemCode, field: str, error: MappingFailed) -> Problem:
    advice = "Correct the rule in the flow's mapping, or the order in the shop, and retry."
    return Problem(
        code=code,
        field=field,
        value="" if error.value is None else str(error.value),
        sentence=f"Order {record['reference']}: {error.sentence} {advice}",
    )


def _address(address: Address) -> dict[str, str]:
    return {**address.model_dump(), "street_line": address.street_line()}
