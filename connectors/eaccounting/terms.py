"""The shop's words for payment, shipping and status in eAccounting's terms: value tables first, then the defaults."""

from collections.abc import Mapping

from commerce.order import Order
from commerce.problems import Problem, ProblemCode
from connectors.eaccounting.settings import EAccountingOrders, OrderStatus
from connectors.errors import RecordRefused

Values = Mapping[str, Mapping[str, str]]


def terms_of_payment(order: Order, settings: EAccountingOrders, values: Values) -> str:
    """The id of the terms of payment for the order's payment method; empty leaves them to the customer's own.

    Raises:
        RecordRefused: ``UNMAPPED_VALUE`` when payment methods are mapped, but not this one, and there is no default.
    """
    table = values.get("payment_method", {})
    terms = table.get(order.payment_method) or settings.terms_of_payment
    if terms or not table:
        return terms
    raise RecordRefused(
        Problem(
            code=ProblemCode.UNMAPPED_VALUE,
            field="payment_method",
            value=order.payment_method,
            sentence=(
                f"Order {order.reference}: there are no terms of payment for payment method"
                f" “{order.payment_method}”. Add it to the payment methods of the flow or choose default terms of"
                " payment, and retry."
            ),
        )
    )


def delivery_method(order: Order, settings: EAccountingOrders, values: Values) -> str:
    """The name of the delivery method; empty when there is none for the order's shipping method."""
    return values.get("shipping_method", {}).get(order.shipping_method) or settings.delivery_method


def order_status(order: Order, settings: EAccountingOrders, values: Values) -> OrderStatus:
    """The status a new order gets.

    Raises:
        RecordRefused: ``INVALID_VALUE`` when the table names a status no new order can have.
    """
    named = values.get("order_status", {}).get(order.status) or settings.order_status.value
    try:
        return OrderStatus(named)
    except ValueError:
        raise RecordRefused(
            Problem(
                code=ProblemCode.INVALID_VALUE,
                field="order_status",
                value=named,
                sentence=(
                    f"Order {order.reference}: a new order can not get status “{named}”. Choose draft or ongoing for"
                    f" source status “{order.status}”, and retry."
                ),
            )
        ) from None


def store_of(order: Order, settings: EAccountingOrders) -> str:
    """What goes into our reference; empty when the store is not written.

    Raises:
        RecordRefused: ``MISSING_FIELD`` naming ``store_id`` when the order has none and no default is set.
    """
    if settings.store_field == "none":
        return ""
    store = order.store_id.strip() or settings.default_store.strip()
    if store:
        return store
    raise RecordRefused(
        Problem(
            code=ProblemCode.MISSING_FIELD,
            field="store_id",
            value="",
            sentence=(
                f"Order {order.reference}: store_id is missing. Set a default store in the flow's settings, or leave"
                " the field for the store empty, and retry."
            ),
        )
    )
