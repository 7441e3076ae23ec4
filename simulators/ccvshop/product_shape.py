"""Products: their members with defaults, and the way from what is written to what is read.

Source: CCV Shop API documentation, products (JSON schemas of June 2022).
"""

from __future__ import annotations

import copy
from datetime import datetime
from decimal import Decimal

from simulators.ccvshop.named import named
from simulators.ccvshop.refusal import invalid
from simulators.ccvshop.shop import Record, Shop
from simulators.ccvshop.signing import moment_text

DEFAULTS: Record = {
    "productnumber": "",
    "eannumber": "",
    "mpnnumber": "",
    "name": "",
    "shortdescription": "",
    "description": "",
    "is_active": True,
    "vatrate": 21,
    "taxtariff": "normal",
    "price": Decimal(0),
    "discount": Decimal(0),
    "purchaseprice": Decimal(0),
    "container_deposit_price": Decimal(0),
    "safety_deposit_price": Decimal(0),
    "credit_points_custom": None,
    "unit": "stuk",
    "stockenabled": True,
    "stocktype": "Product",
    "stock": 0,
    "stocklocation": "",
    "ordering_without_stock": "global_setting",
    "weight": Decimal(0),
    "maincategory": "",
    "subcategory": "",
    "brand": None,
    "condition": None,
    "supplier": None,
    "color": None,
    "package": {"id": 1, "name": "Standaard"},
    "meta_description": "",
    "meta_keywords": "",
    "page_title": "",
    "no_index": False,
    "no_follow": False,
    "alias": "",
    "specs": "",
    "decimal_amount": 0,
    "amount_sold": 0,
    "minimal_order_amount": 1,
    "stock_delivery_number": 1,
    "stock_delivery_type": "days",
    "stock_delivery_standard": "",
    "show_in_template": False,
    "show_on_beginpage": False,
    "show_on_facebook": False,
    "show_order_button": "Y",
    "product_layout": 1,
    "photo_size": "SMALL",
    "hide_without_category": "YES",
    "memo": "",
    "fixed_staggered_prices": False,
    "google_shopping_category": "",
    "is_included_for_export_feed": True,
    "is_multishop_product": False,
    "is_visible": True,
    "can_be_ordered": True,
}
RATES = {"normal": 21, "low a": 9, "low b": 9, "extra low": 9, "zero": 0}
_TARIFF_OF_RATE = {21: "normal", 9: "low a", 0: "zero"}
_CHOICES: dict[str, frozenset[str | int]] = {
    "taxtariff": frozenset(RATES),
    "stocktype": frozenset({"Product", "Attribute"}),
    "show_order_button": frozenset({"Y", "QUOTATION", "N"}),
    "photo_size": frozenset({"NONE", "SMALL", "BIG"}),
    "product_layout": frozenset({1, 2, 3, 4}),
    "hide_without_category": frozenset({"YES", "NO_DIRECTLINK", "NO_SEARCHRESULTS"}),
    "stock_delivery_number": frozenset(range(1, 32)),
    "stock_delivery_type": frozenset(
        {
            "days",
            "weeks",
            "months",
            "quarters",
            "years",
            "outofstock",
            "temporarilysoldout",
            "ordered",
            "onrequest",
            "unknown",
        }
    ),
}
_WRITTEN = frozenset({"active", "package_id", "brand_id", "condition_id", "supplier_id", "color_id"})
_READ_ONLY = frozenset({"id", "createdate", "modifydate"})
_KNOWN = frozenset(DEFAULTS) | _WRITTEN | _READ_ONLY
_NAMED = {"brand": "brands", "condition": "conditions"}
_NAMED_BY_ID = {
    "brand_id": ("brand", "brands"),
    "condition_id": ("condition", "conditions"),
    "supplier_id": ("supplier", "suppliers"),
}


def whole_product(product: Record) -> Record:
    """A stored product with every member."""
    return {"id": product["id"], **DEFAULTS, **product}


def check_choices(body: Record) -> None:
    """Refuse words and numbers that the shop does not offer.

    Raises:
        Refusal: 400, naming the property and what it may be.
    """
    for name, choices in _CHOICES.items():
        value = body.get(name)
        if value is not None and value not in choices:
            offered = ", ".join(str(choice) for choice in sorted(choices, key=str))
            raise invalid(f"Property {name} must be one of {offered}.")


def written(shop: Shop, body: Record) -> Record:
    """What a written body means for the members that are read; an empty value means the default.

    A brand or condition that is named and not yet known is made.

    Raises:
        Refusal: 400, the package, brand, condition, supplier or colour does not exist, or no tariff has the rate.
    """
    changes = {name: value for name, value in body.items() if name not in _WRITTEN}
    if "active" in body:
        changes["is_active"] = body["active"]
    if body.get("taxtariff") is not None:
        changes["vatrate"] = RATES[body["taxtariff"]]
    elif body.get("vatrate") is not None:
        if body["vatrate"] not in _TARIFF_OF_RATE:
            raise invalid(f"No tax tariff has {body['vatrate']} percent.")
        changes["taxtariff"] = _TARIFF_OF_RATE[body["vatrate"]]
    if body.get("package_id") is not None:
        changes["package"] = _existing(shop, "packages", body["package_id"])
    for name, kind in _NAMED.items():
        if isinstance(body.get(name), str):
            changes[name] = named(shop, kind, body[name]) if body[name] else None
    for name, (member, kind) in _NAMED_BY_ID.items():
        if name in body:
            changes[member] = None if body[name] is None else _existing(shop, kind, body[name])
    if body.get("color_id") is not None:
        raise invalid(f"There is no color {body['color_id']}.")
    return changes


def new_product(shop: Shop, given: Record, now: datetime) -> Record:
    """A product to store, from its read or write names.

    Raises:
        KeyError: a name is no product's member.
        Refusal: 400, see ``written``.
    """
    if not given.keys() <= _KNOWN:
        raise KeyError(f"A product has no {', '.join(sorted(given.keys() - _KNOWN))}.")
    product: Record = {"id": given.get("id") or shop.next_id("products")}
    created = given.get("createdate") or moment_text(now)
    product |= {"createdate": created, "modifydate": given.get("modifydate") or created, "name": ""}
    changes = {name: value for name, value in written(shop, given).items() if name not in _READ_ONLY}
    return _compact(product, changes)


def changed_product(product: Record, changes: Record) -> Record:
    """The stored product with the changes of its read members; without them it is equal to the one given."""
    return _compact(dict(product), changes)


def _compact(product: Record, changes: Record) -> Record:
    for name, value in changes.items():
        if name != "name" and (value is None or value == DEFAULTS.get(name)):
            product.pop(name, None)
        else:
            product[name] = copy.copy(value) if isinstance(value, dict) else value
    return product


def _existing(shop: Shop, kind: str, record_id: int) -> Record:
    record = shop.collection(kind).get(record_id)
    if record is None:
        raise invalid(f"There is no {kind.removesuffix('s')} {record_id}.")
    return record
