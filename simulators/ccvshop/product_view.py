"""Products as answers show them, with their sub-collections. Source: CCV Shop API documentation, products.

A sub-collection is an object with ``href``, and with ``collection`` when the call expands it. The expand value
``productvariants`` shows as ``productvariations``. Sub-collections the simulator does not keep expand to empty ones.
"""

from __future__ import annotations

from collections.abc import Callable

from simulators.ccvshop import categories, photos, staggered, variants
from simulators.ccvshop.call import Call
from simulators.ccvshop.collection import expanded
from simulators.ccvshop.product_shape import whole_product
from simulators.ccvshop.shop import Record

_KEPT: dict[str, Callable[[Call, int], list[Record]]] = {
    "attributecombinations": variants.product_combinations,
    "productattributesets": variants.product_attribute_sets,
    "productphotos": photos.product_photos,
    "productstaggeredprices": staggered.product_prices,
    "producttocategories": categories.product_links,
}
_EXPAND = {
    name: "productvariations" if name == "productvariants" else name
    for name in (
        *_KEPT,
        "productattachments",
        "productkeywords",
        "productrelevant",
        "productreviews",
        "productshippingcosts",
        "producttopropertygroups",
        "productvariants",
        "productvideos",
        "producttaxtariffexceptions",
    )
}


def rendered_product(call: Call, product: Record) -> Record:
    """The product as answers show it."""
    asked = expanded(call.request, _EXPAND)
    here = call.href("products", product["id"])
    body = {"href": here, **whole_product(product)}
    for member in ("package", "brand", "condition", "supplier"):
        if body[member] is not None:
            body[member] = {**body[member], "href": call.href(f"{member}s", body[member]["id"])}
    body["productmainphoto"] = photos.main_photo_link(call, product["id"])
    body["deeplink"] = f"{call.request.base_url}/product/{product['id']}/"
    for name, member in _EXPAND.items():
        body[member] = {"href": f"{here}{member}/"}
        if name in asked:
            body[member]["collection"] = _KEPT[name](call, product["id"]) if name in _KEPT else []
    return body


def found_product(call: Call, product: Record, combinations: list[Record]) -> Record:
    """A product that a number led to, with only the combinations that carry the number."""
    body = rendered_product(call, product)
    shown = [variants.rendered_combination(call, combination) for combination in combinations]
    body["attributecombinations"] = {**body["attributecombinations"], "collection": shown}
    return body
