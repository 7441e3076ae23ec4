"""Take records into the shop as if they had always been there, and change them as the merchant does."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import datetime
from typing import Any

from simulators import online_retail
from simulators.ccvshop import adjustments, categories, users
from simulators.ccvshop.building import full_order, full_row, full_user
from simulators.ccvshop.photos import photo_content, store_photo
from simulators.ccvshop.product_shape import changed_product, new_product, written
from simulators.ccvshop.refusal import Refusal
from simulators.ccvshop.shop import NAMED_KINDS, Record, Shop, merge
from simulators.ccvshop.signing import moment_text
from simulators.ccvshop.variant_shape import generate
from simulators.kit import ControlError

GROUP_PRICES = "usergroupproductadjustments"
_KINDS = (
    "paymethods",
    *NAMED_KINDS,
    "usergroups",
    "categories",
    "attributes",
    "attributevalues",
    "products",
    "productattributevalues",
    "attributecombinations",
    "productphotos",
    "productstaggeredprices",
    "producttocategories",
    "users",
    *adjustments.RESOURCES,
)
_CSV_OPTIONS = frozenset({"format", "csv", "notify"}) | online_retail.OPTIONS


def load_records(shop: Shop, body: dict[str, Any], now: datetime) -> tuple[dict[str, Any], list[Record]]:
    """Store records and say how many of each kind; returns the stored orders too.

    Missing members get the shop's defaults, missing totals are added up, rows name a catalogue product by
    ``product_id`` or by a ``product_number`` that the catalogue knows. A record with an id that is known changes what
    is stored, given members only; an order's id must be new. ``groupprices`` is a short name of
    ``usergroupproductadjustments``; an attribute combination is named by ``product_id`` and ``value_ids``.

    Raises:
        ControlError: unknown member, unknown format, or a record that cannot be understood; what was stored before it
            stays.
    """
    if "csv" in body or "format" in body:
        if body.get("format") != "online-retail":
            raise ControlError('The only CSV format is "online-retail".')
        unknown = set(body) - _CSV_OPTIONS
        if unknown:
            raise ControlError(f"Option {', '.join(sorted(unknown))} is unknown for this format.")
        options = {name: value for name, value in body.items() if name in online_retail.OPTIONS}
        day = online_retail.shop_records(str(body.get("csv", "")), **options)
        counts, orders = _store(shop, _only_new(shop, day.records), now)
        return {**counts, **day.counts}, orders
    unknown = set(body) - {*_KINDS, "orders", "groupprices", "notify"}
    if unknown:
        known = ", ".join((*_KINDS, "orders"))
        raise ControlError(f"{', '.join(sorted(unknown))} cannot be loaded; known are {known}.")
    renamed = {GROUP_PRICES if kind == "groupprices" else kind: records for kind, records in body.items()}
    return _store(shop, renamed, now)


def change_record(shop: Shop, kind: str, record: Record, changes: Record, now: datetime) -> Record:
    """Change a stored record's given members as the merchant does; returns what is stored now.

    Products understand read and write names. Without a ``modifydate`` among the changes it becomes ``now``, also when
    a combination or photo of the product changes.
    """
    match kind:
        case "products":
            changed = changed_product(record, written(shop, changes))
            if "modifydate" not in changes:
                changed["modifydate"] = moment_text(now)
        case "users":
            changed = full_user(shop, changes, record)
        case _:
            changed = merge(copy.deepcopy(record), changes)
    if kind == "usergroups":
        users.put_group(shop, changed)
    shop.collection(kind)[record["id"]] = changed
    if kind in ("attributecombinations", "productphotos"):
        product = shop.products[record["product_id"]]
        shop.products[product["id"]] = {**product, "modifydate": moment_text(now)}
    return changed


def _only_new(shop: Shop, records: dict[str, list[Record]]) -> dict[str, list[Record]]:
    known = {product.get("productnumber") for product in shop.products.values()}
    return {
        "products": [product for product in records["products"] if product.get("productnumber") not in known],
        "users": [user for user in records["users"] if user.get("id") not in shop.users],
        "orders": records["orders"],
    }


def _store(shop: Shop, body: dict[str, Any], now: datetime) -> tuple[dict[str, Any], list[Record]]:
    counts: dict[str, Any] = {}
    for kind in _KINDS:
        build = _builder(shop, kind, now)
        records = shop.collection(kind)
        given_records = body.get(kind, [])
        for given in given_records:
            try:
                if given.get("id") in records:
                    change_record(shop, kind, records[given["id"]], given, now)
                else:
                    record = build(given)
                    records[record["id"]] = record
            except (KeyError, Refusal) as error:
                raise ControlError(f"A {kind} record cannot be loaded: {error}") from error
        counts[kind] = len(given_records)
        if kind == "productattributevalues":
            for product_id in {given["product_id"] for given in given_records if "product_id" in given}:
                generate(shop, product_id)
    orders = [_store_order(shop, given, now) for given in body.get("orders", [])]
    return {**counts, "orders": len(orders)}, orders


def _builder(shop: Shop, kind: str, now: datetime) -> Callable[[Record], Record]:
    """What makes a record of this kind whole."""

    def numbered(given: Record) -> Record:
        return {"id": given.get("id") or shop.next_id(kind), **given}

    def product_value(given: Record) -> Record:
        return {**numbered({"optionposition": 0, "position": 1, "price": 0, "enable": True, **given})}

    def combination(given: Record) -> Record:
        wanted = sorted(given["value_ids"])
        for present in shop.table(kind).where("product_id", given["product_id"]):
            if sorted(present["value_ids"]) == wanted:
                return {**present, **given, "value_ids": present["value_ids"]}
        raise KeyError(f"product {given['product_id']} has no combination of the values {wanted}")

    def photo(given: Record) -> Record:
        content = photo_content(given["file_type"], given["source"])
        return store_photo(shop, given["product_id"], given, content)

    def group(given: Record) -> Record:
        made = users.new_group(shop, given)
        users.put_group(shop, made)
        return made

    builders: dict[str, Callable[[Record], Record]] = {
        "usergroups": group,
        "categories": lambda given: categories.new_category(shop, given),
        "attributes": lambda given: {"type": "option_menu", **numbered(given)},
        "attributevalues": lambda given: {"default_price": 0, **numbered(given)},
        "products": lambda given: new_product(shop, given, now),
        "productattributevalues": product_value,
        "attributecombinations": combination,
        "productphotos": photo,
        "productstaggeredprices": lambda given: {"discount": 0, **numbered(given)},
        "producttocategories": lambda given: {"position": 0, **numbered(given)},
        "users": lambda given: full_user(shop, given),
        **{name: (lambda given, made=made: made.new(shop, given)) for name, made in adjustments.RESOURCES.items()},  # type: ignore[misc]
    }
    return builders.get(kind, numbered)


def _store_order(shop: Shop, given: Record, now: datetime) -> Record:
    if given.get("id") in shop.orders:
        raise ControlError(f"There is already an orders record {given['id']}.")
    rows = [full_row(shop, _linked(shop, row)) for row in given.get("orderrows", [])]
    taken = [row["id"] for row in rows if row["id"] in shop.orderrows]
    if taken:
        raise ControlError(f"There is already an orderrows record {taken[0]}.")
    order = full_order(shop, {name: value for name, value in given.items() if name != "orderrows"}, rows, now)
    shop.put_order(order, rows)
    return order


def _linked(shop: Shop, row: Record) -> Record:
    """The row with the id of the catalogue product that its number names, if it names one."""
    number = row.get("product_number")
    if "product_id" in row or not number:
        return row
    named = shop.products.where("productnumber", number)
    return {**row, "product_id": named[0]["id"]} if named else row
