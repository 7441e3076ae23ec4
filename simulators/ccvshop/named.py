"""Packages, brands, suppliers and conditions: kinds that are little more than a name.

Source: CCV Shop API documentation, products. Names of brands, suppliers and conditions are unique; the simulator
compares them without regard to letter case.
"""

from __future__ import annotations

from simulators.ccvshop import schema
from simulators.ccvshop.call import Call, Handler, Reply
from simulators.ccvshop.collection import single_page
from simulators.ccvshop.refusal import duplicate
from simulators.ccvshop.shop import Record, Shop


def named(shop: Shop, kind: str, name: str) -> Record:
    """The record of that name, made if there is none."""
    record = _found(shop, kind, name)
    if record is None:
        record = {"id": shop.next_id(kind), "name": name}
        shop.table(kind)[record["id"]] = record
    return record


def lister(kind: str) -> Handler:
    """``GET /{kind}/``."""

    def list_named(call: Call) -> Reply:
        return 200, single_page(call.request, [_rendered(call, kind, item) for item in call.shop.table(kind).ordered()])

    return list_named


def reader(kind: str) -> Handler:
    """``GET /{kind}/{id}/``."""

    def read_named(call: Call) -> Reply:
        return 200, _rendered(call, kind, call.found(kind))

    return read_named


def creator(kind: str) -> Handler:
    """``POST /{kind}/``; 500.40 for a name that is taken."""

    def create_named(call: Call) -> Reply:
        body = schema.checked(call.body(), schema.NAMED, required=("name",))
        _refuse_taken(call.shop, kind, body["name"], None)
        record = {"id": call.shop.next_id(kind), "name": body["name"]}
        call.shop.table(kind)[record["id"]] = record
        return 201, _rendered(call, kind, record)

    return create_named


def changer(kind: str) -> Handler:
    """``PATCH /{kind}/{id}/``; products show the new name."""

    def change_named(call: Call) -> Reply:
        record = call.found(kind)
        body = schema.checked(call.body(), schema.NAMED, required=("name",))
        _refuse_taken(call.shop, kind, body["name"], record["id"])
        call.refuse_if_unchanged(record["name"] == body["name"])
        _replace_in_products(call.shop, kind, record["id"], {**record, "name": body["name"]})
        call.shop.table(kind)[record["id"]] = {**record, "name": body["name"]}
        return 204, None

    return change_named


def remover(kind: str) -> Handler:
    """``DELETE /{kind}/{id}/``; products lose it."""

    def remove_named(call: Call) -> Reply:
        record = call.found(kind)
        _replace_in_products(call.shop, kind, record["id"], None)
        call.shop.delete(kind, record["id"])
        return 204, None

    return remove_named


def _found(shop: Shop, kind: str, name: str) -> Record | None:
    wanted = name.casefold()
    return next((record for record in shop.table(kind).values() if record["name"].casefold() == wanted), None)


def _refuse_taken(shop: Shop, kind: str, name: str, own_id: int | None) -> None:
    taken = _found(shop, kind, name)
    if kind != "packages" and taken is not None and taken["id"] != own_id:
        raise duplicate("name", name)


def _replace_in_products(shop: Shop, kind: str, record_id: int, record: Record | None) -> None:
    member = kind.removesuffix("s")
    for product in list(shop.products.values()):
        if (product.get(member) or {}).get("id") == record_id:
            kept = {name: value for name, value in product.items() if name != member}
            shop.products[product["id"]] = kept if record is None else {**kept, member: record}


def _rendered(call: Call, kind: str, record: Record) -> Record:
    body = {"href": call.href(kind, record["id"]), **record}
    if kind != "packages":
        body["products"] = {"href": call.href(kind, record["id"], "products")}
    return body
