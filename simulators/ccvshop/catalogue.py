"""Products. Source: CCV Shop API documentation, products."""

from __future__ import annotations

from typing import Any

from simulators.ccvshop import product_filters, product_view, schema
from simulators.ccvshop.call import Call, Event, Handler, Reply
from simulators.ccvshop.collection import Query
from simulators.ccvshop.product_shape import changed_product, check_choices, new_product, written
from simulators.ccvshop.refusal import Refusal, invalid
from simulators.ccvshop.shop import Record
from simulators.ccvshop.signing import moment_text

_NUMBERS = ("productnumber", "eannumber", "mpnnumber")
_VARIANT_NUMBERS = {"productnumber": "product_number", "eannumber": "ean_number", "skunumber": "sku_number"}


def list_products(call: Call) -> Reply:
    """``GET /products/``; product numbers are compared whole, letter case included."""
    return _listed(call, None)


def listed_under(kind: str) -> Handler:
    """``GET /{kind}/{id}/products/`` for brands, suppliers, conditions and categories."""

    def list_under(call: Call) -> Reply:
        parent = call.found(kind)
        if kind == "categories":
            links = call.shop.table("producttocategories").where("category_id", parent["id"])
            return _listed(call, [call.shop.products[link["product_id"]] for link in links])
        member = kind.removesuffix("s")
        products = call.shop.products.values()
        return _listed(call, [product for product in products if (product.get(member) or {}).get("id") == parent["id"]])

    return list_under


def query_products(call: Call) -> Reply:
    """``GET /productqueries/``: look-up by one of the numbers; a hit on a variant shows only that combination."""
    names = (*_NUMBERS, "skunumber")
    query = Query(call.request, names)
    wanted = {name: query.text(name) for name in names if query.text(name) is not None}
    if not wanted:
        raise invalid(f"At least one of {', '.join(names)} is needed.")
    hits: dict[int, list[Record]] = {
        product["id"]: []
        for product in _narrowed(call, wanted)
        if all(product.get(name) == value for name, value in wanted.items())
    }
    if "mpnnumber" not in wanted:
        for combination in call.shop.table("attributecombinations").values():
            if all(combination[_VARIANT_NUMBERS[name]] == value for name, value in wanted.items()):
                hits.setdefault(combination["product_id"], []).append(combination)
    products = call.shop.products
    page = query.page(call.request, query.listed(products, within=[products[product_id] for product_id in hits]))
    return 200, page.envelope([product_view.found_product(call, item, hits[item["id"]]) for item in page.items])


def read_product(call: Call) -> Reply:
    """``GET /products/{id}/``."""
    return 200, product_view.rendered_product(call, call.found("products"))


def create_product(call: Call) -> Reply:
    """``POST /products/``; 500.60 when the subscription's ``product_limit`` is reached."""
    body = schema.checked(call.body(), schema.PRODUCT, required=schema.PRODUCT_NOT_NULL)
    _check(body)
    if body.get("taxtariff") is None and body.get("vatrate") is None:
        raise invalid("One of taxtariff and vatrate is required.")
    limit = call.settings["product_limit"]
    if 0 <= limit <= len(call.shop.products):
        raise Refusal(500, "500.60", f"The product limit of {limit} is reached.")
    product = new_product(call.shop, body, call.now)
    call.shop.products[product["id"]] = product
    call.events.append(Event("products.created", product))
    return 201, product_view.rendered_product(call, product)


def change_product(call: Call) -> Reply:
    """``PATCH /products/{id}/``; moves ``modifydate``, a change of stock alone if ``stock_moves_modifydate``."""
    product = call.found("products")
    body = schema.checked(call.body(), schema.PRODUCT, not_null=schema.PRODUCT_NOT_NULL)
    _check(body)
    changed = changed_product(product, written(call.shop, body))
    call.refuse_if_unchanged(changed == product)
    if call.settings["stock_moves_modifydate"] or set(body) != {"stock"}:
        changed["modifydate"] = moment_text(call.now)
    call.shop.products[product["id"]] = changed
    call.events.append(Event("products.updated", changed))
    return 204, None


def delete_product(call: Call) -> Reply:
    """``DELETE /products/{id}/``; in the bin a product is neither listed nor read."""
    product = call.found("products")
    call.shop.delete("products", product["id"])
    call.events.append(Event("products.deleted", product))
    return 204, None


def _listed(call: Call, within: list[Record] | None) -> Reply:
    query = Query(call.request, product_filters.FILTERS)
    wanted = {name: query.text(name) for name in _NUMBERS if query.text(name) is not None}
    if within is None and wanted:
        within = _narrowed(call, wanted)
    rows = query.listed(call.shop.products, product_filters.ORDER_BY, product_filters.tests(query), within)
    page = query.page(call.request, rows)
    return 200, page.envelope([product_view.rendered_product(call, product) for product in page.items])


def _narrowed(call: Call, wanted: dict[str, Any]) -> list[Record]:
    name, value = next(((name, value) for name, value in wanted.items() if name in _NUMBERS), ("", None))
    return call.shop.products.where(name, value) if name else []


def _check(body: Record) -> None:
    schema.check_lengths(body, schema.PRODUCT_LENGTHS)
    check_choices(body)
