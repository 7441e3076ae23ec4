"""Attributes, their values, and what products make of them. Source: CCV Shop API documentation, attributes."""

from __future__ import annotations

from decimal import Decimal

from simulators.ccvshop import schema
from simulators.ccvshop.call import Call, Event, Reply
from simulators.ccvshop.collection import Query, expanded, single_page
from simulators.ccvshop.product_shape import whole_product
from simulators.ccvshop.refusal import duplicate, invalid
from simulators.ccvshop.shop import Record
from simulators.ccvshop.signing import moment_text
from simulators.ccvshop.variant_shape import TYPES, generate, surcharge, variant_pairs


def list_attributes(call: Call) -> Reply:
    """``GET /attributes/``."""
    attributes = call.shop.table("attributes").ordered()
    return 200, single_page(call.request, [_rendered_attribute(call, attribute) for attribute in attributes])


def read_attribute(call: Call) -> Reply:
    """``GET /attributes/{id}/``."""
    return 200, _rendered_attribute(call, call.found("attributes"))


def create_attribute(call: Call) -> Reply:
    """``POST /attributes/``."""
    body = _checked_attribute(call)
    attribute = {"id": call.shop.next_id("attributes"), **body}
    call.shop.table("attributes")[attribute["id"]] = attribute
    return 201, _rendered_attribute(call, attribute)


def change_attribute(call: Call) -> Reply:
    """``PATCH /attributes/{id}/``; name and type are both required here too."""
    attribute = call.found("attributes")
    body = _checked_attribute(call)
    call.refuse_if_unchanged({**attribute, **body} == attribute)
    call.shop.table("attributes")[attribute["id"]] = {**attribute, **body}
    for product_id in _products_with(call, attribute["id"]):
        generate(call.shop, product_id)
    return 204, None


def delete_attribute(call: Call) -> Reply:
    """``DELETE /attributes/{id}/``; products lose its values and the combinations made of them."""
    attribute = call.found("attributes")
    product_ids = _products_with(call, attribute["id"])
    call.shop.delete("attributes", attribute["id"])
    for product_id in product_ids:
        generate(call.shop, product_id)
    return 204, None


def list_values(call: Call) -> Reply:
    """``GET /attributes/{id}/attributevalues/``."""
    attribute = call.found("attributes")
    values = call.shop.table("attributevalues").where("attribute_id", attribute["id"])
    return 200, single_page(call.request, [_rendered_value(call, value) for value in values])


def read_value(call: Call) -> Reply:
    """``GET /attributevalues/{id}/``."""
    return 200, _rendered_value(call, call.found("attributevalues"))


def create_value(call: Call) -> Reply:
    """``POST /attributes/{id}/attributevalues/``."""
    attribute = call.found("attributes")
    body = schema.checked(call.body(), schema.ATTRIBUTE_VALUE, required=("name", "default_price"))
    value = {"id": call.shop.next_id("attributevalues"), "attribute_id": attribute["id"], **body}
    call.shop.table("attributevalues")[value["id"]] = value
    return 201, _rendered_value(call, value)


def change_value(call: Call) -> Reply:
    """``PATCH /attributevalues/{id}/``."""
    value = call.found("attributevalues")
    body = schema.checked(call.body(), schema.ATTRIBUTE_VALUE, not_null=("name", "default_price"))
    call.refuse_if_unchanged({**value, **body} == value)
    call.shop.table("attributevalues")[value["id"]] = {**value, **body}
    return 204, None


def list_product_values(call: Call) -> Reply:
    """``GET /products/{id}/productattributevalues/``."""
    product = call.found("products")
    query = Query(call.request)
    table = call.shop.table("productattributevalues")
    rows = query.listed(table, ("optionposition", "position"), within=table.where("product_id", product["id"]))
    page = query.page(call.request, rows)
    return 200, page.envelope([_rendered_product_value(call, value) for value in page.items])


def read_product_value(call: Call) -> Reply:
    """``GET /productattributevalues/{id}/``."""
    return 200, _rendered_product_value(call, call.found("productattributevalues"))


def create_product_value(call: Call) -> Reply:
    """``POST /products/{id}/productattributevalues/``; the shop builds combinations with the other attributes."""
    product = call.found("products")
    body = schema.checked(call.body(), schema.PRODUCT_ATTRIBUTE_VALUE_POST, required=("optionvalue", "price"))
    if body["optionvalue"] not in call.shop.table("attributevalues"):
        raise invalid(f"There is no attribute value {body['optionvalue']}.")
    table = call.shop.table("productattributevalues")
    others = table.where("product_id", product["id"])
    if any(other["optionvalue"] == body["optionvalue"] for other in others):
        raise duplicate("optionvalue", body["optionvalue"])
    value = {
        "id": call.shop.next_id("productattributevalues"),
        "product_id": product["id"],
        "optionposition": 0,
        "position": len(others) + 1,
        "enable": True,
        **{name: sent for name, sent in body.items() if sent is not None and name != "stock"},
    }
    table[value["id"]] = value
    generate(call.shop, product["id"], body.get("stock"))
    return 201, _rendered_product_value(call, value)


def change_product_value(call: Call) -> Reply:
    """``PATCH /productattributevalues/{id}/``."""
    value = call.found("productattributevalues")
    members = schema.PRODUCT_ATTRIBUTE_VALUE_PATCH
    body = schema.checked(call.body(), members, not_null=tuple(members))
    call.refuse_if_unchanged({**value, **body} == value)
    call.shop.table("productattributevalues")[value["id"]] = {**value, **body}
    generate(call.shop, value["product_id"])
    return 204, None


def delete_product_value(call: Call) -> Reply:
    """``DELETE /productattributevalues/{id}/``; its combinations go."""
    value = call.found("productattributevalues")
    call.shop.delete("productattributevalues", value["id"])
    generate(call.shop, value["product_id"])
    return 204, None


def list_combinations(call: Call) -> Reply:
    """``GET /products/{id}/attributecombinations/``."""
    product = call.found("products")
    expanded(call.request, ("attributecombinationphotos",))
    combinations = product_combinations(call, product["id"])
    return 200, single_page(call.request, combinations, ("expand",))


def read_combination(call: Call) -> Reply:
    """``GET /attributecombinations/{id}/``."""
    expanded(call.request, ("attributecombinationphotos",))
    return 200, rendered_combination(call, call.found("attributecombinations"))


def change_combination(call: Call) -> Reply:
    """``PATCH /attributecombinations/{id}/``; moves the product's ``modifydate`` if ``stock_moves_modifydate``."""
    combination = call.found("attributecombinations")
    body = schema.checked(call.body(), schema.ATTRIBUTE_COMBINATION, not_null=("stock", "active"))
    changes = {name: "" if value is None else value for name, value in body.items()}
    call.refuse_if_unchanged({**combination, **changes} == combination)
    call.shop.table("attributecombinations")[combination["id"]] = {**combination, **changes}
    product = call.shop.products[combination["product_id"]]
    if call.settings["stock_moves_modifydate"] or set(body) != {"stock"}:
        product = {**product, "modifydate": moment_text(call.now)}
        call.shop.products[product["id"]] = product
    call.events.append(Event("products.updated", product))
    return 204, None


def product_combinations(call: Call, product_id: int) -> list[Record]:
    """The combinations of a product as answers show them."""
    combinations = call.shop.table("attributecombinations").where("product_id", product_id)
    return [rendered_combination(call, combination) for combination in combinations]


def rendered_combination(call: Call, combination: Record) -> Record:
    """The combination as answers show it, with its surcharge and its pairs."""
    pairs = variant_pairs(call.shop, combination)
    for pair in pairs:
        pair["attribute"]["href"] = call.href("attributes", pair["attribute"]["id"])
        pair["attribute_value"]["href"] = call.href("attributevalues", pair["attribute_value"]["id"])
    here = ("attributecombinations", combination["id"])
    shown = {name: value for name, value in combination.items() if name != "value_ids"}
    return {
        "href": call.href(*here),
        **shown,
        "netto_extra_price": surcharge(pairs),
        "combination": pairs,
        "attributecombinationphotos": {"href": call.href(*here, "attributecombinationphotos"), "collection": []},
        "attributes": {"href": call.href(*here, "attributes")},
        "attributevalues": {"href": call.href(*here, "attributevalues")},
        "parent": {"href": call.href("products", combination["product_id"])},
    }


def product_attribute_sets(call: Call, product_id: int) -> list[Record]:
    """The attributes of a product with the values it offers."""
    sets: dict[int, Record] = {}
    for value in call.shop.table("productattributevalues").where("product_id", product_id):
        option = call.shop.table("attributevalues")[value["optionvalue"]]
        attribute = call.shop.table("attributes")[option["attribute_id"]]
        entry = sets.setdefault(
            attribute["id"],
            {
                "id": attribute["id"],
                "attributename": attribute["name"],
                "attributeposition": value["optionposition"],
                "type": attribute["type"],
                "items": [],
                "parent": {"href": call.href("products", product_id)},
            },
        )
        entry["items"].append(
            {
                "href": call.href("productattributevalues", value["id"]),
                "id": value["id"],
                "optionsname": option["name"],
                "price": value["price"],
                "enable": value["enable"],
                "position": value["position"],
            }
        )
    return list(sets.values())


def list_attribute_sets(call: Call) -> Reply:
    """``GET /products/{id}/productattributesets/``."""
    product = call.found("products")
    return 200, single_page(call.request, product_attribute_sets(call, product["id"]))


def take_from_stock(call: Call, rows: list[Record], given_rows: list[Record]) -> None:
    """Lower the stock of what was ordered: of the combination where the row names one, else of the product."""
    for row, given in zip(rows, given_rows, strict=True):
        stored = call.shop.products.get(row["product_id"])
        if stored is None or not whole_product(stored)["stockenabled"]:
            continue
        product = dict(stored)
        if given.get("attribute_combination_id") is not None:
            table = call.shop.table("attributecombinations")
            combination = table[int(given["attribute_combination_id"])]
            table[combination["id"]] = {**combination, "stock": combination["stock"] - row["count"]}
        else:
            product["stock"] = Decimal(product.get("stock", 0)) - row["count"]
        if call.settings["stock_moves_modifydate"]:
            product["modifydate"] = moment_text(call.now)
        call.shop.products[product["id"]] = product


def _checked_attribute(call: Call) -> Record:
    body = schema.checked(call.body(), schema.ATTRIBUTE, required=("name", "type"))
    if body["type"] not in TYPES:
        raise invalid(f"Property type must be one of {', '.join(sorted(TYPES))}.")
    return body


def _products_with(call: Call, attribute_id: int) -> list[int]:
    values = {value["id"] for value in call.shop.table("attributevalues").where("attribute_id", attribute_id)}
    linked = call.shop.table("productattributevalues").values()
    return sorted({value["product_id"] for value in linked if value["optionvalue"] in values})


def _rendered_attribute(call: Call, attribute: Record) -> Record:
    values = {"href": call.href("attributes", attribute["id"], "attributevalues")}
    return {"href": call.href("attributes", attribute["id"]), **attribute, "attribute_values": values}


def _rendered_value(call: Call, value: Record) -> Record:
    parent = {"href": call.href("attributes", value["attribute_id"])}
    return {"href": call.href("attributevalues", value["id"]), **value, "parent": parent}


def _rendered_product_value(call: Call, value: Record) -> Record:
    option = call.shop.table("attributevalues")[value["optionvalue"]]
    attribute = call.shop.table("attributes")[option["attribute_id"]]
    return {
        "href": call.href("productattributevalues", value["id"]),
        "id": value["id"],
        "optionid": attribute["id"],
        "optionname": attribute["name"],
        "optionposition": value["optionposition"],
        "optionvalue_id": option["id"],
        "optionvalue_name": option["name"],
        "position": value["position"],
        "price": value["price"],
        "enable": value["enable"],
    }
