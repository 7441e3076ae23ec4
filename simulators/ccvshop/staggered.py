"""Quantity breaks of products. Source: CCV Shop API documentation, staggered prices."""

from __future__ import annotations

from decimal import Decimal

from simulators.ccvshop import schema
from simulators.ccvshop.call import Call, Reply
from simulators.ccvshop.collection import single_page
from simulators.ccvshop.refusal import duplicate, invalid
from simulators.ccvshop.shop import Record

_THOUSANDTH = Decimal("0.001")


def list_prices(call: Call) -> Reply:
    """``GET /products/{id}/productstaggeredprices/``."""
    return 200, single_page(call.request, product_prices(call, call.found("products")["id"]))


def read_price(call: Call) -> Reply:
    """``GET /productstaggeredprices/{id}/``."""
    return 200, _rendered(call, call.found("productstaggeredprices"))


def create_price(call: Call) -> Reply:
    """``POST /products/{id}/productstaggeredprices/``; a quantity that has a price is 500.40, by choice."""
    product = call.found("products")
    body = _checked(call, product["id"], None)
    price = {"id": call.shop.next_id("productstaggeredprices"), "product_id": product["id"], **body}
    call.shop.table("productstaggeredprices")[price["id"]] = price
    return 201, _rendered(call, price)


def change_price(call: Call) -> Reply:
    """``PATCH /productstaggeredprices/{id}/``; all three properties are required here too."""
    price = call.found("productstaggeredprices")
    body = _checked(call, price["product_id"], price["id"])
    call.refuse_if_unchanged({**price, **body} == price)
    call.shop.table("productstaggeredprices")[price["id"]] = {**price, **body}
    return 204, None


def delete_price(call: Call) -> Reply:
    """``DELETE /productstaggeredprices/{id}/``."""
    call.shop.delete("productstaggeredprices", call.found("productstaggeredprices")["id"])
    return 204, None


def product_prices(call: Call, product_id: int) -> list[Record]:
    """The quantity breaks of a product as answers show them, lowest quantity first."""
    prices = call.shop.table("productstaggeredprices").where("product_id", product_id)
    return [_rendered(call, price) for price in sorted(prices, key=lambda price: Decimal(price["quantity"]))]


def _checked(call: Call, product_id: int, own_id: int | None) -> Record:
    body = schema.checked(call.body(), schema.STAGGERED_PRICE, required=("quantity", "price", "discount"))
    quantity = Decimal(body["quantity"])
    if quantity <= 0 or quantity % _THOUSANDTH:
        raise invalid("Property quantity must be more than 0 and may have at most three decimals.")
    for other in call.shop.table("productstaggeredprices").where("product_id", product_id):
        if other["quantity"] == quantity and other["id"] != own_id:
            raise duplicate("quantity", quantity)
    return body


def _rendered(call: Call, price: Record) -> Record:
    shown = {name: value for name, value in price.items() if name != "product_id"}
    return {
        "href": call.href("productstaggeredprices", price["id"]),
        **shown,
        "sellprice": Decimal(price["price"]) - Decimal(price["discount"]),
        "parent": {"href": call.href("products", price["product_id"])},
    }
