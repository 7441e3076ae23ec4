"""Take records into the shop as if they had always been there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from simulators import online_retail
from simulators.ccvshop.building import full_order, full_product, full_row, full_user
from simulators.ccvshop.shop import Record, Shop
from simulators.kit import ControlError

_KINDS = ("paymethods", "packages", "usergroups", "products", "users", "orders")
_CSV_OPTIONS = frozenset({"format", "csv", "notify"}) | online_retail.OPTIONS


def load_records(shop: Shop, body: dict[str, Any], now: datetime) -> tuple[dict[str, Any], list[Record]]:
    """Store records and say how many of each kind; returns the stored orders too.

    Missing members get the shop's defaults, missing totals are added up, rows name a catalogue product by
    ``product_id`` or by a ``product_number`` that the catalogue knows.

    Raises:
        ControlError: unknown member, unknown format, a record that cannot be understood, or an id that is taken.
    """
    if "csv" in body or "format" in body:
        if body.get("format") != "online-retail":
            raise ControlError('The only CSV format is "online-retail".')
        unknown = set(body) - _CSV_OPTIONS
        if unknown:
            raise ControlError(f"Option {', '.join(sorted(unknown))} is unknown for this format.")
        options = {name: value for name, value in body.items() if name in online_retail.OPTIONS}
        day = online_retail.shop_records(str(body.get("csv", "")), **options)
        counts, orders = _store(shop, day.records, now, skip_known=True)
        return {**counts, **day.counts}, orders
    unknown = set(body) - set(_KINDS) - {"notify"}
    if unknown:
        raise ControlError(f"{', '.join(sorted(unknown))} cannot be loaded; known are {', '.join(_KINDS)}.")
    return _store(shop, body, now, skip_known=False)


def _store(shop: Shop, body: dict[str, Any], now: datetime, *, skip_known: bool) -> tuple[dict[str, Any], list[Record]]:
    builders: dict[str, Callable[[Record], Record]] = {
        "paymethods": lambda given: {"id": given.get("id") or shop.next_id("paymethods"), **given},
        "packages": lambda given: {"id": given.get("id") or shop.next_id("packages"), **given},
        "usergroups": lambda given: {"id": given.get("id") or shop.next_id("usergroups"), "discount": 0, **given},
        "products": lambda given: full_product(shop, given, now),
        "users": lambda given: full_user(shop, given),
    }
    counts: dict[str, Any] = {}
    for kind, build in builders.items():
        records = shop.collection(kind)
        numbers = {record["productnumber"] for record in records.values()} if kind == "products" else set()
        stored = 0
        for given in body.get(kind, []):
            known = given.get("id") in records or (skip_known and given.get("productnumber") in numbers)
            if known and skip_known:
                continue
            if known:
                raise ControlError(f"There is already a {kind} record {given['id']}.")
            record = build(given)
            records[record["id"]] = record
            stored += 1
        counts[kind] = stored
    by_number = {product["productnumber"]: product["id"] for product in reversed(shop.products.values())}
    orders = [_store_order(shop, given, by_number, now) for given in body.get("orders", [])]
    return {**counts, "orders": len(orders)}, orders


def _store_order(shop: Shop, given: Record, by_number: dict[str, int], now: datetime) -> Record:
    if given.get("id") in shop.orders:
        raise ControlError(f"There is already an orders record {given['id']}.")
    rows = [full_row(shop, _linked(row, by_number)) for row in given.get("orderrows", [])]
    taken = [row["id"] for row in rows if row["id"] in shop.orderrows]
    if taken:
        raise ControlError(f"There is already an orderrows record {taken[0]}.")
    order = full_order(shop, {name: value for name, value in given.items() if name != "orderrows"}, rows, now)
    shop.put_order(order, rows)
    return order


def _linked(row: Record, by_number: dict[str, int]) -> Record:
    """The row with the id of the catalogue product that its number names, if it names one."""
    number = row.get("product_number")
    if "product_id" in row or not number or number not in by_number:
        return row
    return {**row, "product_id": by_number[number]}
