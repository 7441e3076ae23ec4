"""The shop itself: root list, settings, payment methods, registered customers and their groups."""

from __future__ import annotations

from simulators.ccvshop.call import Call, Reply
from simulators.ccvshop.collection import Query, single_page
from simulators.ccvshop.refusal import invalid, missing
from simulators.ccvshop.shop import STATUS_NAMES, Record

WEBSHOP_ID = 1


def list_webshops(call: Call) -> Reply:
    """``GET /webshops/``."""
    return 200, single_page(call.request, [_webshop(call)])


def read_webshop(call: Call) -> Reply:
    """``GET /webshops/{id}/``."""
    _check_webshop(call)
    return 200, _webshop(call)


def read_settings(call: Call) -> Reply:
    """``GET /webshops/{id}/settings/``."""
    _check_webshop(call)
    statuses = [
        {
            "id": number,
            "status": str(number),
            "status_name": name,
            "text_color": "#000000",
            "background_color": "#ffffff",
        }
        for number, name in STATUS_NAMES.items()
    ]
    return 200, {
        "href": call.href("webshops", WEBSHOP_ID, "settings"),
        "webshop_enabled": True,
        "webshop_disabled_title": "",
        "webshop_disabled_text": "",
        "currency": call.settings["currency"],
        "default_vat_rat": 21,
        "prices_include_vat": call.settings["prices_include_vat"],
        "full_ssl_webshop": True,
        "languages": ["nl", "en"],
        "backend_language": "nl",
        "separate_domain_per_language": False,
        "stock": True,
        "ordering_without_stock": "global_setting",
        "stock_level_warnings": {},
        "multishop_readonly_properties": [],
        "order_status": statuses,
        "parent": {"href": call.href("webshops", WEBSHOP_ID)},
    }


def list_paymethods(call: Call) -> Reply:
    """``GET /paymethods/``."""
    return 200, single_page(call.request, list(call.shop.paymethods.values()))


def list_users(call: Call) -> Reply:
    """``GET /users/``."""
    return _users(call, list(call.shop.users.values()))


def read_user(call: Call) -> Reply:
    """``GET /users/{id}/``."""
    return 200, _rendered_user(call, call.found("users"))


def list_usergroups(call: Call) -> Reply:
    """``GET /usergroups/``."""
    query = Query(call.request)
    page = query.page(call.request, query.sorted(list(call.shop.usergroups.values()), ("groupname", "id")))
    return 200, page.envelope([_rendered_group(call, group) for group in page.items])


def read_usergroup(call: Call) -> Reply:
    """``GET /usergroups/{id}/``."""
    return 200, _rendered_group(call, call.found("usergroups"))


def list_group_users(call: Call) -> Reply:
    """``GET /usergroups/{id}/users/``."""
    group = call.found("usergroups")
    return _users(call, [user for user in call.shop.users.values() if user["group_id"] == group["id"]])


def _users(call: Call, users: list[Record]) -> Reply:
    query = Query(call.request, ("approval_status",))
    wanted = query.text("approval_status")
    if wanted not in (None, "pending", "accepted"):
        raise invalid("Query parameter approval_status must be pending or accepted.")
    hits = [
        {**user, "first_name": address["first_name"], "last_name": address["last_name"]}
        for user in users
        if wanted in (None, user["approval_status"])
        for address in [user["userinfo"]["billingaddress"]]
    ]
    page = query.page(call.request, query.sorted(hits, ("first_name", "id", "last_name")))
    return 200, page.envelope([_rendered_user(call, call.shop.users[user["id"]]) for user in page.items])


def _rendered_user(call: Call, user: Record) -> Record:
    return {"href": call.href("users", user["id"]), **user}


def _rendered_group(call: Call, group: Record) -> Record:
    users = {"href": call.href("usergroups", group["id"], "users")}
    return {"href": call.href("usergroups", group["id"]), **group, "users": users}


def _webshop(call: Call) -> Record:
    return {
        "href": call.href("webshops", WEBSHOP_ID),
        "id": WEBSHOP_ID,
        "name": call.settings["shop_name"],
        "is_multishop_system": False,
        "is_salespos": False,
        "product_limit": -1,
        "product_limit_left": -1,
        "api_root": call.request.base_url,
        "webshops": {"href": call.href("webshops", WEBSHOP_ID, "webshops")},
    }


def _check_webshop(call: Call) -> None:
    if call.ids[0] != WEBSHOP_ID:
        raise missing("webshop", call.ids[0])
