"""What the settings of an orders flow let through, how they are layered, and what they refuse."""

from typing import Any

import pytest

from commerce.order import PaymentStatus
from connectors.ccvshop import CONNECTOR as SHOP
from connectors.eaccounting import CONNECTOR as BOOKS
from connectors.order_flow import OrderFlowSettings, SettingsRefused, parse_order_flow


def passes(settings: dict[str, Any], **order: Any) -> bool:
    stated = {"reference": "1005", "status": "1", "payment": PaymentStatus.UNPAID, "payment_method": "Cash", **order}
    return OrderFlowSettings(**settings).passes(**stated)


@pytest.mark.parametrize(
    ("settings", "order", "wanted"),
    [
        ({}, {}, True),
        ({"statuses": ("2",)}, {}, False),
        ({"only_paid": True}, {}, False),
        ({"only_paid": True}, {"payment": PaymentStatus.PAID}, True),
        ({"start_number": 1005}, {}, True),
        ({"start_number": 1006}, {}, False),
        ({"start_number": 1006}, {"reference": "WEB-2026-1005"}, False),
        ({"start_number": 1006}, {"reference": "2026-10060"}, True),
        ({"start_number": 1}, {"reference": "none"}, False),
        ({"exclude_payment_methods": ("Cash",)}, {}, False),
        ({"exclude_payment_methods": ("Cash",)}, {"payment_method": None}, True),
        ({"exclude_payment_methods": ("Cash",)}, {"payment_method": "Ideal"}, True),
    ],
)
def test_filters_let_through_what_they_say(settings: dict[str, Any], order: dict[str, Any], wanted: bool):
    assert passes(settings, **order) is wanted


@pytest.mark.parametrize(
    ("page_size", "most", "per_read", "per_run"),
    [(100, None, 100, None), (100, 30, 30, 30), (100, 250, 100, 200), (100, 100, 100, 100)],
)
def test_an_amount_per_run_is_read_in_whole_pages(page_size: int, most: int | None, per_read: int, per_run: int | None):
    settings = OrderFlowSettings(page_size=page_size, max_orders_per_run=most)
    assert (settings.amount_per_read, settings.amount_per_run) == (per_read, per_run)


def test_the_flows_own_settings_go_before_those_of_the_integration():
    shared = {"target": {"reference_prefix": "A-", "time_zone": "Europe/Paris", "of_another_flow": 1}}
    own = {"reference_prefix": "B-"}
    flow = parse_order_flow(SHOP, BOOKS, {"shared": shared, "target": own})
    target = flow.target.model_dump()
    assert (target["reference_prefix"], target["time_zone"]) == ("B-", "Europe/Paris")


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ({"mapping": [{"target": "OurReference"}]}, "expression"),
        ({"mapping": [{"target": "OurReference", "expression": "a"}] * 2}, "OurReference"),
        ({"orders": {"mode": "twice"}}, "mode"),
        ({"mappings": []}, "mappings"),
    ],
)
def test_what_does_not_fit_is_named(raw: dict[str, Any], says: str):
    with pytest.raises(SettingsRefused, match=says):
        parse_order_flow(SHOP, BOOKS, raw)
