"""Attribute combinations: generated as the product of a product's option-menu values, never posted.

Source: CCV Shop API documentation, attributes and attribute combinations. What happens to combinations when a further
attribute joins is the simulator's choice: those that no longer cover every attribute go, new ones come.
"""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

from simulators.ccvshop.shop import Record, Shop

MENUS = frozenset({"option_menu", "option_menu_required"})
TYPES = MENUS | {"text", "text_required"}


def variant_pairs(shop: Shop, combination: Record) -> list[Record]:
    """The attribute, value and surcharge of each part of a combination."""
    chosen = {value["optionvalue"]: value for value in _values(shop, combination["product_id"])}
    pairs = []
    for value_id in combination["value_ids"]:
        value = shop.table("attributevalues")[value_id]
        attribute = shop.table("attributes")[value["attribute_id"]]
        pairs.append(
            {
                "attribute": {"id": attribute["id"], "name": attribute["name"]},
                "attribute_value": {"id": value["id"], "name": value["name"]},
                "extra_price": chosen[value_id]["price"],
            }
        )
    return pairs


def surcharge(pairs: list[Record]) -> Decimal:
    """What a combination costs on top of its product."""
    return sum((Decimal(pair["extra_price"]) for pair in pairs), Decimal(0))


def generate(shop: Shop, product_id: int, stock: Any = None) -> None:
    """Bring a product's combinations in line with its attribute values; ``stock`` is for the new ones."""
    by_attribute: dict[int, list[int]] = {}
    for value in _values(shop, product_id):
        attribute_id = shop.table("attributevalues")[value["optionvalue"]]["attribute_id"]
        if value["enable"] and shop.table("attributes")[attribute_id]["type"] in MENUS:
            by_attribute.setdefault(attribute_id, []).append(value["optionvalue"])
    lists = [by_attribute[attribute_id] for attribute_id in sorted(by_attribute)]
    wanted = set(itertools.product(*lists)) if lists else set()
    combinations = shop.table("attributecombinations")
    for combination in combinations.where("product_id", product_id):
        if tuple(combination["value_ids"]) in wanted:
            wanted.remove(tuple(combination["value_ids"]))
        else:
            shop.delete("attributecombinations", combination["id"])
    for value_ids in sorted(wanted):
        combination = new_combination(shop, product_id, value_ids, stock)
        combinations[combination["id"]] = combination


def new_combination(shop: Shop, product_id: int, value_ids: tuple[int, ...], stock: Any = None) -> Record:
    """A combination with every member at its default; without ``stock`` the shop shows 0."""
    return {
        "id": shop.next_id("attributecombinations"),
        "product_id": product_id,
        "value_ids": list(value_ids),
        "note": "",
        "stock": 0 if stock is None else stock,
        "ordering_without_stock": "global_setting",
        "product_number": "",
        "ean_number": "",
        "sku_number": "",
        "delivery_time": 1,
        "delivery_time_type": "days",
        "delivery_default_text": "",
        "active": True,
    }


def _values(shop: Shop, product_id: int) -> list[Record]:
    return shop.table("productattributevalues").where("product_id", product_id)
