"""The shop itself: its record, settings and payment methods."""

from __future__ import annotations

from simulators.ccvshop.call import Call, Reply
from simulators.ccvshop.collection import single_page
from simulators.ccvshop.refusal import missing
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
            "status_name": call.settings["order_status_names"].get(str(number), name),
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


def _webshop(call: Call) -> Record:
    limit = call.settings["product_limit"]
    return {
        "href": call.href("webshops", WEBSHOP_ID),
        "id": WEBSHOP_ID,
        "name": call.settings["shop_name"],
        "is_multishop_system": False,
        "is_salespos": False,
        "product_limit": limit,
        "product_limit_left": -1 if limit < 0 else max(0, limit - len(call.shop.products)),
        "api_root": call.request.base_url,
        "webshops": {"href": call.href("webshops", WEBSHOP_ID, "webshops")},
    }


def _check_webshop(call: Call) -> None:
    if call.ids[0] != WEBSHOP_ID:
        raise missing("webshop", call.ids[0])
