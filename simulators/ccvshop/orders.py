"""Orders, their rows and notes. Source: CCV Shop API documentation, orders."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from simulators.ccvshop import schema
from simulators.ccvshop.building import full_customer, full_order, full_row, priced, totalled
from simulators.ccvshop.call import Call, Event, Reply
from simulators.ccvshop.collection import Query, single_page
from simulators.ccvshop.refusal import invalid, missing
from simulators.ccvshop.shop import STATUS_NAMES, Record
from simulators.ccvshop.signing import moment_text
from simulators.ccvshop.variants import take_from_stock

_FILTERS = frozenset(
    {
        "ordernumber",
        "status",
        "is_paid",
        "is_completed",
        "min_create_date",
        "max_create_date",
        "deliver_date",
        "take_out_date",
        "paymethod_id",
        "transaction_id",
    }
)
_ORDER_BY = frozenset({"create_date", "deliver_date", "id", "ordernumber"})
_SUB_RESOURCES = ("orderrows", "ordernotes", "ordermessages", "ordernotifications", "invoices", "orderlabels")
_SELF_DESCRIBED = ("product_name", "price", "tax", "package_id")


def rendered_order(call: Call, order: Record) -> Record:
    """The order as answers show it, with addresses."""
    user_id = order["user"]["id"]
    as_text = call.settings["user_id_as_text"]
    user: Record = {**order["user"], "id": str(user_id) if user_id is not None and as_text else user_id}
    if user_id is not None:
        user["href"] = call.href("users", user_id).removesuffix("/")
    body = {"href": call.href("orders", order["id"]), **order, "user": user}
    return body | {name: {"href": call.href("orders", order["id"], name)} for name in _SUB_RESOURCES}


def rendered_row(call: Call, row: Record) -> Record:
    """The row as answers show it, with addresses."""
    body = {"href": call.href("orderrows", row["id"]), **row}
    if row["product_id"]:
        body["product_href"] = call.href("products", row["product_id"])
    return body | {"parent": {"href": call.href("orders", row["order_id"])}}


def list_orders(call: Call) -> Reply:
    """``GET /orders/``."""
    query = Query(call.request, _FILTERS)
    tests = _tests(query, inclusive=call.settings["inclusive_date_filters"])
    hidden = set(call.settings["hidden_from_list"])
    hits = [
        order
        for order in call.shop.orders.values()
        if order["id"] not in hidden and all(passes(order) for passes in tests)
    ]
    page = query.page(call.request, query.sorted(hits, _ORDER_BY))
    return 200, page.envelope([rendered_order(call, order) for order in page.items])


def read_order(call: Call) -> Reply:
    """``GET /orders/{id}/``."""
    order = call.found("orders")
    if call.request.fault_is("changed_between_list_and_read"):
        order["status"] = 2 if order["status"] == 1 else 1
    return 200, rendered_order(call, order)


def list_rows(call: Call) -> Reply:
    """``GET /orders/{id}/orderrows/``."""
    order = call.found("orders")
    query = Query(call.request)
    page = query.page(call.request, query.sorted(call.shop.rows(order["id"]), ("id",)))
    return 200, page.envelope([rendered_row(call, row) for row in page.items])


def read_row(call: Call) -> Reply:
    """``GET /orderrows/{id}/``."""
    return 200, rendered_row(call, call.found("orderrows"))


def create_order(call: Call) -> Reply:
    """``POST /orders/``; a completed order lowers the stock of its products."""
    body = schema.checked(call.body(), schema.ORDER_POST, required=("customer", "orderrows"))
    schema.checked_customer(body["customer"])
    _check_values(body)
    given_rows = _checked_rows(call, body["orderrows"])
    given: Record = {name: value for name, value in body.items() if name not in ("orderrows", "user_id", "takeoutslot")}
    for name in ("taxes_included", "order_row_taxes_included", "shipping_taxes_included"):
        given.setdefault(name, call.settings["prices_include_vat"])
    given.setdefault("total_shipping", Decimal(str(call.settings["shipping_price"])))
    if body.get("user_id") is not None:
        if body["user_id"] not in call.shop.users:
            raise invalid(f"There is no user {body['user_id']}.")
        given["user"] = {"id": body["user_id"]}
    rows = [full_row(call.shop, row) for row in given_rows]
    order = full_order(call.shop, given, rows, call.now)
    if not order["is_completed"]:
        order["basket_href"] = f"{call.request.base_url}/basket/{order['id']}/"
        order["checkout_href"] = f"{call.request.base_url}/checkout/{order['id']}/"
    call.shop.put_order(order, rows)
    if order["is_completed"]:
        take_from_stock(call, rows, given_rows)
        call.events.append(Event("orders.created", order))
    return 201, rendered_order(call, order)


def change_order(call: Call) -> Reply:
    """``PATCH /orders/{id}/``; rows in the body replace all rows and the order is added up again."""
    order = call.found("orders")
    body = schema.checked(call.body(), schema.ORDER_PATCH)
    if body.get("customer") is not None:
        schema.checked_customer(body["customer"])
    _check_values(body)
    rows = call.shop.rows(order["id"])
    if "orderrows" in body:
        rows = [full_row(call.shop, row) for row in _checked_rows(call, body["orderrows"])]
    before = copy.deepcopy(order)
    for name, value in body.items():
        if name == "customer":
            order["customer"] = full_customer(value, base=order["customer"])
        elif name not in ("orderrows", "note", "mail", "takeoutslot"):
            order[name] = value
    call.refuse_if_unchanged(order == before and "orderrows" not in body)
    if {"orderrows", "total_shipping", "paymethod_costs", "extra_costs"} & set(body):
        totalled(order, rows)
    call.shop.put_order(order, rows)
    if body.get("mail"):
        told = {name: order[name] for name in ("status", "track_and_trace_code", "track_and_trace_carrier")}
        call.shop.mails.append({"order_id": order["id"], **told, "note": body.get("note")})
    call.events.extend(order_changes(before, order))
    return 204, None


def replace_rows(call: Call) -> Reply:
    """``PUT /orders/{id}/orderrows/``."""
    order = call.found("orders")
    body = schema.checked(call.body(), schema.ORDER_ROWS_PUT, required=("orderrows",))
    rows = [full_row(call.shop, row) for row in _checked_rows(call, body["orderrows"])]
    totalled(order, rows)
    call.shop.put_order(order, rows)
    return 204, None


def change_row(call: Call) -> Reply:
    """``PATCH /orderrows/{id}/``, only while the order is not completed."""
    row = call.found("orderrows")
    order = call.shop.orders[row["order_id"]]
    if order["is_completed"]:
        raise invalid("Rows of a completed order cannot be changed.")
    body = schema.checked(call.body(), schema.ORDER_ROW_PATCH)
    if body.get("count") is not None and body["count"] <= 0:
        raise invalid("Property count must be more than 0.")
    row.update(body)
    priced(row)
    totalled(order, call.shop.rows(order["id"]))
    return 204, None


def add_row(call: Call) -> Reply:
    """``POST /orders/{id}/orderrows/``: one row more."""
    order = call.found("orders")
    (given,) = _checked_rows(call, [call.body()])
    row = full_row(call.shop, given)
    rows = [*call.shop.rows(order["id"]), row]
    totalled(order, rows)
    call.shop.put_order(order, rows)
    return 201, rendered_row(call, row)


def delete_row(call: Call) -> Reply:
    """``DELETE /orderrows/{id}/``."""
    row = call.found("orderrows")
    order = call.shop.orders[row["order_id"]]
    call.shop.delete("orderrows", row["id"])
    totalled(order, call.shop.rows(order["id"]))
    return 204, None


def list_notes(call: Call) -> Reply:
    """``GET /orders/{id}/ordernotes/``."""
    order = call.found("orders")
    notes = [note for note in call.shop.ordernotes.values() if note["order_id"] == order["id"]]
    return 200, single_page(call.request, [_rendered_note(call, note) for note in notes])


def create_note(call: Call) -> Reply:
    """``POST /orders/{id}/ordernotes/``."""
    order = call.found("orders")
    body = schema.checked(call.body(), schema.ORDER_NOTE, required=("note",))
    note = {
        "id": call.shop.next_id("ordernotes"),
        "order_id": order["id"],
        "note": body["note"],
        "type": "internal",
        "create_date": moment_text(call.now),
    }
    call.shop.ordernotes[note["id"]] = note
    return 201, _rendered_note(call, note)


def read_note(call: Call) -> Reply:
    """``GET /ordernotes/{id}/``."""
    return 200, _rendered_note(call, call.found("ordernotes"))


def delete_note(call: Call) -> Reply:
    """``DELETE /ordernotes/{id}/``."""
    call.shop.delete("ordernotes", call.found("ordernotes")["id"])
    return 204, None


def order_changes(before: Record, after: Record) -> list[Event]:
    """The events that tell how an order changed."""
    events = []
    if before["status"] != after["status"]:
        details = {"previous_status": before["status"], "status": after["status"]}
        events.append(Event("orders.updated.status", after, details))
    if before["paid"] != after["paid"]:
        events.append(Event("orders.updated.ispaid", after, {"paid": after["paid"]}))
    tracking = ("track_and_trace_code", "track_and_trace_carrier")
    if any(before[name] != after[name] for name in tracking):
        events.append(Event("orders.updated.trackandtrace", after, {name: after[name] for name in tracking}))
    if before["is_completed"] is False and after["is_completed"] is True:
        events.append(Event("orders.created", after))
    return events


def _rendered_note(call: Call, note: Record) -> Record:
    shown = {name: value for name, value in note.items() if name != "order_id"}
    parent = {"href": call.href("orders", note["order_id"])}
    return {"href": call.href("ordernotes", note["id"]), **shown, "parent": parent}


def _tests(query: Query, *, inclusive: bool) -> list[Callable[[Record], bool]]:
    """One test per filter in the query; uncompleted carts show only with ``is_completed=false``."""
    completed = query.flag("is_completed")
    tests: list[Callable[[Record], bool]] = [lambda order: order["is_completed"] is (completed is not False)]
    exact: dict[str, Any] = {
        "ordernumber": query.whole("ordernumber"),
        "status": query.whole("status"),
        "paid": query.flag("is_paid"),
        "paymethod_id": query.whole("paymethod_id"),
        "transaction_id": query.text("transaction_id"),
        "deliver_date": query.text("deliver_date"),
        "take_out_date": query.text("take_out_date"),
    }
    for name, wanted in exact.items():
        if wanted is not None:
            tests.append(lambda order, name=name, wanted=wanted: _shown(order, name) == wanted)  # type: ignore[misc]
    least, most = query.moment("min_create_date"), query.moment("max_create_date")
    if least is not None:
        tests.append(lambda order: _created(order) > least or (inclusive and _created(order) == least))
    if most is not None:
        tests.append(lambda order: _created(order) < most or (inclusive and _created(order) == most))
    return tests


def _shown(order: Record, name: str) -> Any:
    if name == "take_out_date":
        return (order["take_out_window"]["start"] or "")[:10] or None
    if name == "deliver_date":
        return (order["deliver_date"] or "")[:10] or None
    return order[name]


def _created(order: Record) -> datetime:
    return datetime.fromisoformat(order["create_date"])


def _check_values(body: Record) -> None:
    status = body.get("status")
    if status is not None and status not in STATUS_NAMES:
        raise invalid("Property status must be a number from 1 to 14.")
    if body.get("deliver_method") not in (None, "shipping", "delivery", "pickup"):
        raise invalid("Property deliver_method must be shipping, delivery or pickup.")
    currency = body.get("currency")
    if currency is not None and not (len(currency) == 3 and currency.isalpha() and currency.isupper()):
        raise invalid("Property currency must be an ISO 4217 code.")


def _checked_rows(call: Call, rows: list[Any]) -> list[Record]:
    if not rows:
        raise invalid("Property orderrows needs at least one row.")
    for position, row in enumerate(rows):
        where = f"orderrows[{position}]"
        schema.checked(row, schema.ORDER_ROW, required=("count",), where=where)
        if row["count"] <= 0:
            raise invalid(f"Property count in {where} must be more than 0.")
        if row.get("attribute_combination_id") is not None:
            combination = call.shop.table("attributecombinations").get(int(row["attribute_combination_id"]))
            if combination is None or combination["product_id"] != row.get("product_id"):
                raise invalid(f"There is no attribute combination {row['attribute_combination_id']} ({where}).")
        if row.get("product_id") is not None:
            if row["product_id"] not in call.shop.products:
                raise missing("product", row["product_id"])
            continue
        absent = [name for name in _SELF_DESCRIBED if row.get(name) is None]
        if absent:
            raise invalid(f"A row without product_id needs {', '.join(absent)} ({where}).")
        if row["package_id"] not in call.shop.packages:
            raise missing("package", row["package_id"])
    return rows
