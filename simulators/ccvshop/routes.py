"""Which handler serves which path. ``#`` stands for a number."""

from __future__ import annotations

from dataclasses import dataclass

from simulators.ccvshop import account, catalogue, orders, webhooks
from simulators.ccvshop.call import PREFIX, Handler
from simulators.ccvshop.refusal import Refusal

ROUTES: dict[str, dict[str, Handler]] = {
    "orders": {"GET": orders.list_orders, "POST": orders.create_order},
    "orders/#": {"GET": orders.read_order, "PATCH": orders.change_order},
    "orders/#/orderrows": {"GET": orders.list_rows, "PUT": orders.replace_rows},
    "orders/#/ordernotes": {"GET": orders.list_notes, "POST": orders.create_note},
    "orderrows/#": {"GET": orders.read_row, "PATCH": orders.change_row},
    "ordernotes/#": {"GET": orders.read_note, "DELETE": orders.delete_note},
    "products": {"GET": catalogue.list_products, "POST": catalogue.create_product},
    "products/#": {"GET": catalogue.read_product, "PATCH": catalogue.change_product},
    "productqueries": {"GET": catalogue.query_products},
    "packages": {"GET": catalogue.list_packages, "POST": catalogue.create_package},
    "packages/#": {"GET": catalogue.read_package},
    "paymethods": {"GET": account.list_paymethods},
    "users": {"GET": account.list_users},
    "users/#": {"GET": account.read_user},
    "usergroups": {"GET": account.list_usergroups},
    "usergroups/#": {"GET": account.read_usergroup},
    "usergroups/#/users": {"GET": account.list_group_users},
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
RESOURCES = tuple(pattern for pattern in ROUTES if "/" not in pattern)


@dataclass(frozen=True, slots=True)
class Route:
    """A handler with the numbers of the path and the resource that its calls count for."""

    handler: Handler
    ids: tuple[int, ...]
    resource: str


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
    return Route(handlers[method], tuple(int(part) for part in parts if part.isdigit()), names[-1])
