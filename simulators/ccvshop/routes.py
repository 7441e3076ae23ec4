"""Which handler serves which path. ``#`` stands for a number."""

from __future__ import annotations

from dataclasses import dataclass

from simulators.ccvshop import (
    account,
    adjustments,
    catalogue,
    categories,
    named,
    orders,
    photos,
    staggered,
    users,
    variants,
    webhooks,
)
from simulators.ccvshop.call import PREFIX, Handler
from simulators.ccvshop.refusal import Refusal
from simulators.ccvshop.shop import NAMED_KINDS

ROUTES: dict[str, dict[str, Handler]] = {
    "orders": {"GET": orders.list_orders, "POST": orders.create_order},
    "orders/#": {"GET": orders.read_order, "PATCH": orders.change_order},
    "orders/#/orderrows": {"GET": orders.list_rows, "PUT": orders.replace_rows, "POST": orders.add_row},
    "orders/#/ordernotes": {"GET": orders.list_notes, "POST": orders.create_note},
    "orderrows/#": {"GET": orders.read_row, "PATCH": orders.change_row, "DELETE": orders.delete_row},
    "ordernotes/#": {"GET": orders.read_note, "DELETE": orders.delete_note},
    "products": {"GET": catalogue.list_products, "POST": catalogue.create_product},
    "products/#": {
        "GET": catalogue.read_product,
        "PATCH": catalogue.change_product,
        "DELETE": catalogue.delete_product,
    },
    "productqueries": {"GET": catalogue.query_products},
    "products/#/productphotos": {
        "GET": photos.list_photos,
        "POST": photos.create_photo,
        "PUT": photos.replace_photos,
    },
    "productphotos/#": {"GET": photos.read_photo, "PATCH": photos.change_photo, "DELETE": photos.delete_photo},
    "products/#/productstaggeredprices": {"GET": staggered.list_prices, "POST": staggered.create_price},
    "productstaggeredprices/#": {
        "GET": staggered.read_price,
        "PATCH": staggered.change_price,
        "DELETE": staggered.delete_price,
    },
    "products/#/producttocategories": {"GET": categories.list_product_links},
    "products/#/productattributevalues": {
        "GET": variants.list_product_values,
        "POST": variants.create_product_value,
    },
    "productattributevalues/#": {
        "GET": variants.read_product_value,
        "PATCH": variants.change_product_value,
        "DELETE": variants.delete_product_value,
    },
    "products/#/productattributesets": {"GET": variants.list_attribute_sets},
    "products/#/attributecombinations": {"GET": variants.list_combinations},
    "attributecombinations/#": {"GET": variants.read_combination, "PATCH": variants.change_combination},
    "attributes": {"GET": variants.list_attributes, "POST": variants.create_attribute},
    "attributes/#": {
        "GET": variants.read_attribute,
        "PATCH": variants.change_attribute,
        "DELETE": variants.delete_attribute,
    },
    "attributes/#/attributevalues": {"GET": variants.list_values, "POST": variants.create_value},
    "attributevalues/#": {"GET": variants.read_value, "PATCH": variants.change_value},
    "categories": {"GET": categories.list_categories, "POST": categories.create_category},
    "categories/#": {
        "GET": categories.read_category,
        "PATCH": categories.change_category,
        "DELETE": categories.delete_category,
    },
    "categories/#/categories": {"GET": categories.list_children},
    "categories/#/producttocategories": {"GET": categories.list_category_links},
    "categorytree": {"GET": categories.read_tree},
    "producttocategories": {"POST": categories.create_link},
    "producttocategories/#": {
        "GET": categories.read_link,
        "PATCH": categories.change_link,
        "DELETE": categories.delete_link,
    },
    "paymethods": {"GET": account.list_paymethods},
    "users": {"GET": users.list_users, "POST": users.create_user},
    "users/#": {"GET": users.read_user, "PATCH": users.change_user, "DELETE": users.delete_user},
    "usergroups": {"GET": users.list_usergroups, "POST": users.create_usergroup},
    "usergroups/#": {
        "GET": users.read_usergroup,
        "PATCH": users.change_usergroup,
        "DELETE": users.delete_usergroup,
    },
    "usergroups/#/users": {"GET": users.list_group_users},
    "webhooks": {"GET": webhooks.list_webhooks, "POST": webhooks.create_webhook},
    "webhooks/#": {
        "GET": webhooks.read_webhook,
        "PATCH": webhooks.change_webhook,
        "DELETE": webhooks.delete_webhook,
    },
    "webshops": {"GET": account.list_webshops},
    "webshops/#": {"GET": account.read_webshop},
    "webshops/#/settings": {"GET": account.read_settings},
}
for _kind in NAMED_KINDS:
    ROUTES[_kind] = {"GET": named.lister(_kind), "POST": named.creator(_kind)}
    ROUTES[f"{_kind}/#"] = {"GET": named.reader(_kind), "PATCH": named.changer(_kind)}
    if _kind != "packages":
        ROUTES[f"{_kind}/#"]["DELETE"] = named.remover(_kind)
for _kind in ("brands", "suppliers", "conditions", "categories"):
    ROUTES[f"{_kind}/#/products"] = {"GET": catalogue.listed_under(_kind)}
for _kind, _adjustments in adjustments.RESOURCES.items():
    ROUTES[_kind], ROUTES[f"{_kind}/#"] = _adjustments.handlers()
RESOURCES = tuple(pattern for pattern in ROUTES if "/" not in pattern)


@dataclass(frozen=True, slots=True)
class Route:
    """A handler with the numbers of the path, the resource that its calls count for, and the pattern it matched."""

    handler: Handler
    ids: tuple[int, ...]
    resource: str
    pattern: str


def route(method: str, path: str) -> Route | None:
    """The handler for a path, with or without a trailing slash; None for the root list.

    Raises:
        Refusal: 404.20 for an unknown resource, 405.10 for a method it does not have.
    """
    if path != PREFIX and not path.startswith(f"{PREFIX}/"):
        raise Refusal(404, "404.20", "There is no such resource.")
    parts = path.removeprefix(PREFIX).strip("/").split("/")
    if parts == [""]:
        if method != "GET":
            raise Refusal(405, "405.10", f"The method {method} is not allowed here.")
        return None
    pattern = "/".join("#" if part.isascii() and part.isdigit() else part for part in parts)
    handlers = ROUTES.get(pattern)
    if handlers is None:
        raise Refusal(404, "404.20", "There is no such resource.")
    if method not in handlers:
        raise Refusal(405, "405.10", f"The method {method} is not allowed here.")
    names = [part for part in pattern.split("/") if part != "#"]
    return Route(handlers[method], tuple(int(part) for part in parts if part.isdigit()), names[-1], pattern)
