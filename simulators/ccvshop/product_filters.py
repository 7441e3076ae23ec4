"""What a list of products can be filtered and sorted by. Source: CCV Shop API documentation, products."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from simulators.ccvshop.collection import Query, Test
from simulators.ccvshop.product_shape import DEFAULTS
from simulators.ccvshop.refusal import invalid
from simulators.ccvshop.shop import Record

_NUMBERS = ("productnumber", "eannumber", "mpnnumber")
_RANGES = ("price", "discount", "sellprice", "stock")
FILTERS = frozenset(
    {
        *_NUMBERS,
        "productname",
        "active",
        "stock",
        "expand",
        *(f"min{name}" for name in _RANGES),
        *(f"max{name}" for name in _RANGES),
    }
)
ORDER_BY = frozenset({"createdate", "id", "modifydate", "name"})


def tests(query: Query) -> list[Test]:
    """One test per filter in the query, on stored products.

    Raises:
        Refusal: 400, a value is not understood.
    """
    found: list[Test] = []
    exact: dict[str, Any] = {name: query.text(name) for name in _NUMBERS}
    exact |= {"is_active": query.flag("active"), "stock": query.number("stock")}
    for name, wanted in exact.items():
        if wanted is not None:
            found.append(lambda product, name=name, wanted=wanted: _member(product, name) == wanted)  # type: ignore[misc]
    part = query.text("productname")
    if part is not None:
        if len(part) < 3:
            raise invalid("Query parameter productname needs at least 3 characters.")
        found.append(lambda product: part.lower() in product["name"].lower())
    for name in _RANGES:
        least, most = query.number(f"min{name}"), query.number(f"max{name}")
        if least is not None:
            found.append(lambda product, name=name, least=least: _figure(product, name) >= least)  # type: ignore[misc]
        if most is not None:
            found.append(lambda product, name=name, most=most: _figure(product, name) <= most)  # type: ignore[misc]
    return found


def _member(product: Record, name: str) -> Any:
    return product.get(name, DEFAULTS[name])


def _figure(product: Record, name: str) -> Decimal:
    if name == "sellprice":
        return Decimal(_member(product, "price")) - Decimal(_member(product, "discount") or 0)
    return Decimal(_member(product, name) or 0)
