"""Products and packages. Source: CCV Shop API documentation, products."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from simulators.ccvshop import schema
from simulators.ccvshop.building import full_product
from simulators.ccvshop.call import Call, Event, Reply
from simulators.ccvshop.collection import Query, single_page
from simulators.ccvshop.refusal import invalid
from simulators.ccvshop.shop import Record
from simulators.ccvshop.signing import moment_text

_NUMBERS = ("productnumber", "eannumber", "mpnnumber")
_RANGES = ("price", "discount", "sellprice", "stock")
_FILTERS = frozenset(
    {
        *_NUMBERS,
        "productname",
        "active",
        "stock",
        *(f"min{name}" for name in _RANGES),
        *(f"max{name}" for name in _RANGES),
    }
)
_ORDER_BY = frozenset({"createdate", "id", "modifydate", "name"})
_RATES = {"normal": 21, "low a": 9, "low b": 9, "extra low": 9, "zero": 0}


def rendered_product(call: Call, product: Record) -> Record:
    """The product as answers show it."""
    link = f"{call.request.base_url}/product/{product['id']}/"
    package = {**product["package"], "href": call.href("packages", product["package"]["id"])}
    return {"href": call.href("products", product["id"]), **product, "package": package, "deeplink": link}


def list_products(call: Call) -> Reply:
    """``GET /products/``; product numbers are compared whole, letter case included."""
    query = Query(call.request, _FILTERS)
    tests = _tests(query)
    hits = [product for product in call.shop.products.values() if all(passes(product) for passes in tests)]
    page = query.page(call.request, query.sorted(hits, _ORDER_BY))
    return 200, page.envelope([rendered_product(call, product) for product in page.items])


def query_products(call: Call) -> Reply:
    """``GET /productqueries/``: look-up by one of the numbers."""
    names = (*_NUMBERS, "skunumber")
    query = Query(call.request, names)
    wanted = {name: query.text(name) for name in names if query.text(name) is not None}
    if not wanted:
        raise invalid(f"At least one of {', '.join(names)} is needed.")
    hits = [
        product
        for product in call.shop.products.values()
        if all(product.get(name) == value for name, value in wanted.items())
    ]
    page = query.page(call.request, query.sorted(hits, ("id",)))
    return 200, page.envelope([rendered_product(call, product) for product in page.items])


def read_product(call: Call) -> Reply:
    """``GET /products/{id}/``."""
    return 200, rendered_product(call, call.found("products"))


def create_product(call: Call) -> Reply:
    """``POST /products/``."""
    required = ("name", "price", "discount", "package_id")
    body = _checked(call, schema.checked(call.body(), schema.PRODUCT, required=required))
    if body.get("taxtariff") is None and body.get("vatrate") is None:
        raise invalid("One of taxtariff and vatrate is required.")
    product = full_product(call.shop, body, call.now)
    call.shop.products[product["id"]] = product
    call.events.append(Event("products.created", product))
    return 201, rendered_product(call, product)


def change_product(call: Call) -> Reply:
    """``PATCH /products/{id}/``; moves ``modifydate``."""
    product = call.found("products")
    body = _checked(call, schema.checked(call.body(), schema.PRODUCT))
    changed = full_product(call.shop, {**product, **body}, call.now)
    call.refuse_if_unchanged(changed == product)
    call.shop.products[product["id"]] = {**changed, "modifydate": moment_text(call.now)}
    call.events.append(Event("products.updated", call.shop.products[product["id"]]))
    return 204, None


def list_packages(call: Call) -> Reply:
    """``GET /packages/``."""
    return 200, single_page(call.request, [_rendered_package(call, item) for item in call.shop.packages.values()])


def read_package(call: Call) -> Reply:
    """``GET /packages/{id}/``."""
    return 200, _rendered_package(call, call.found("packages"))


def create_package(call: Call) -> Reply:
    """``POST /packages/``."""
    body = schema.checked(call.body(), schema.PACKAGE, required=("name",))
    package = {"id": call.shop.next_id("packages"), "name": body["name"]}
    call.shop.packages[package["id"]] = package
    return 201, _rendered_package(call, package)


def _rendered_package(call: Call, package: Record) -> Record:
    return {"href": call.href("packages", package["id"]), **package}


def _checked(call: Call, body: Record) -> Record:
    schema.check_lengths(body, schema.PRODUCT_LENGTHS)
    tariff = body.get("taxtariff")
    if tariff is not None:
        if tariff not in schema.TAX_TARIFFS:
            raise invalid(f"Property taxtariff must be one of {', '.join(sorted(schema.TAX_TARIFFS))}.")
        body = {**body, "vatrate": _RATES[tariff]}
    if "package_id" in body and body["package_id"] not in call.shop.packages:
        raise invalid(f"There is no package {body['package_id']}.")
    return body


def _tests(query: Query) -> list[Callable[[Record], bool]]:
    tests: list[Callable[[Record], bool]] = []
    exact: dict[str, Any] = {name: query.text(name) for name in _NUMBERS}
    exact |= {"is_active": query.flag("active"), "stock": query.number("stock")}
    for name, wanted in exact.items():
        if wanted is not None:
            tests.append(lambda product, name=name, wanted=wanted: product[name] == wanted)  # type: ignore[misc]
    part = query.text("productname")
    if part is not None:
        if len(part) < 3:
            raise invalid("Query parameter productname needs at least 3 characters.")
        tests.append(lambda product: part.lower() in product["name"].lower())
    for name in _RANGES:
        least, most = query.number(f"min{name}"), query.number(f"max{name}")
        if least is not None:
            tests.append(lambda product, name=name, least=least: _figure(product, name) >= least)  # type: ignore[misc]
        if most is not None:
            tests.append(lambda product, name=name, most=most: _figure(product, name) <= most)  # type: ignore[misc]
    return tests


def _figure(product: Record, name: str) -> Decimal:
    if name == "sellprice":
        return Decimal(product["price"]) - Decimal(product["discount"] or 0)
    return Decimal(product[name] or 0)
