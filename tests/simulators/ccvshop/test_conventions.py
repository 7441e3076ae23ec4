"""Signatures, envelopes, limits and errors of the simulated CCV Shop."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from simulators.ccvshop import CcvShop
from simulators.ccvshop.signing import digest
from tests.simulation import running
from tests.simulators.ccvshop.shop_client import PUBLIC, ROOT, SECRET, ShopClient, open_shop, signature


@pytest.mark.parametrize(
    ("method", "uri", "body", "expected"),
    [
        (
            "GET",
            "/api/rest/v1/orders/?is_completed=true&min_create_date=2026-01-14T00%3A00%3A00Z&size=100&start=0",
            "",
            "9d6d72955902510f571dc934fd06a4dd86b64a7f7b33c4b6904c52cf1ff54eb213eae8eff7338d86d315ad60a4434cd66c7e997794c92735458e8fc8a5f4375f",
        ),
        (
            "POST",
            "/api/rest/v1/webhooks/",
            '{"event":"orders.created","address":"https://hub.example.com/hooks/ccv/1","is_active":true}',
            "77bec538b9da06e967cd64185deacc47e48a6a4ed90928de9e834767a47bb888b25bb68e3a634b42d11a9863dfb1db6acd5bba0b262bce112715f69c8f29ff99",
        ),
    ],
)
def test_published_vectors(method: str, uri: str, body: str, expected: str) -> None:
    assert digest(SECRET, PUBLIC, method, uri, body, "2026-01-15T09:30:00Z") == expected


async def test_signed_call_passes_and_its_answer_is_signed() -> None:
    async with open_shop() as shop:
        response = await shop.call("GET", "/orders/?size=10&min_create_date=2026-01-14T00%3A00%3A00Z")
        target = f"{ROOT}/orders/?size=10&min_create_date=2026-01-14T00%3A00%3A00Z"
        assert response.status_code == 200
        assert response.headers["x-hash"] == signature(
            SECRET, PUBLIC, "GET", target, response.text, response.headers["x-date"]
        )


async def test_wrong_secret_unknown_key_and_missing_headers_are_401_without_code() -> None:
    async with open_shop() as shop:
        assert (await shop.call("GET", "/orders/", secret="other")).json().keys() == {"status", "developermessage"}
        assert (await shop.call("GET", "/orders/", secret="other")).status_code == 401
        assert (await shop.call("GET", "/orders/", public="nobody")).status_code == 401
        unsigned = await shop.http.get(f"{ROOT}/orders/")
        assert unsigned.status_code == 401
        assert "x-hash" not in unsigned.headers


@pytest.mark.parametrize(("seconds", "status"), [(-290, 200), (290, 200), (-310, 401), (310, 401)])
async def test_date_may_differ_five_minutes(seconds: int, status: int) -> None:
    async with open_shop() as shop:
        at = shop.simulator.clock.now() + timedelta(seconds=seconds)
        assert (await shop.call("GET", "/orders/", at=at)).status_code == status


async def test_slash_at_the_end_is_optional_but_signed_as_sent() -> None:
    async with open_shop() as shop:
        assert (await shop.call("GET", "/packages")).status_code == 200
        assert (await shop.call("GET", "/packages/")).status_code == 200


async def test_answers_escape_slashes_and_other_letters() -> None:
    async with open_shop(shop_name="Café") as shop:
        text = (await shop.call("GET", "/webshops/")).text
        assert "http:\\/\\/" in text
        assert "Caf\\u00e9" in text


async def test_paged_envelope_walks_to_the_end() -> None:
    async with open_shop() as shop:
        shop.simulator.load({"orders": [{"orderrows": [{"product_name": "Mug", "price": 1}]} for _ in range(5)]})
        first = await shop.get("/orders/?size=2&orderby=id_desc")
        assert (first["start"], first["size"], first["previous"]) == (0, 2, None)
        assert first["next"] == "http://shop.example.com/api/rest/v1/orders/?orderby=id_desc&start=2&size=2"
        assert "total" not in first
        ids = [order["id"] for order in first["items"]]
        page = first
        while page["next"]:
            page = await shop.get(page["next"].partition(ROOT)[2])
            ids += [order["id"] for order in page["items"]]
        assert ids == [1005, 1004, 1003, 1002, 1001]
        assert page["next"] is None


async def test_page_size_has_a_default_and_a_cap() -> None:
    async with open_shop() as shop:
        assert (await shop.get("/orders/"))["size"] == 50
        assert (await shop.get("/orders/?size=250"))["size"] == 250
        for wrong in ("size=251", "size=0", "start=-1", "size=many"):
            assert (await shop.refused("GET", f"/orders/?{wrong}"))[0] == 400


async def test_single_page_collections_have_only_href_and_items() -> None:
    async with open_shop() as shop:
        for path in ("/packages/", "/paymethods/?start=0&size=100", "/webshops/"):
            assert (await shop.get(path)).keys() == {"href", "items"}


async def test_unknown_query_parameters_and_sort_names_are_refused() -> None:
    async with open_shop() as shop:
        assert (await shop.refused("GET", "/orders/?modified_since=2026-01-01"))[:2] == (400, None)
        assert (await shop.refused("GET", "/orders/?orderby=total_price"))[0] == 400
        assert (await shop.refused("GET", "/orders/?is_paid=1"))[0] == 400


async def test_limits_count_per_resource_and_method_and_slide() -> None:
    async with open_shop(limits={"GET": 3}) as shop:
        for _ in range(3):
            await shop.get("/orders/")
        response = await shop.call("GET", "/orders/")
        assert (response.status_code, response.json()["code"]) == (429, "429.10")
        assert "retry-after" not in response.headers
        await shop.get("/packages/")
        shop.simulator.clock.advance(61)
        await shop.get("/orders/")
        state = shop.simulator.state()
        assert state["rate_limit_peaks"][f"{PUBLIC} orders GET"] == 4
        assert state["rate_limit_refusals"] == {f"{PUBLIC} orders GET": 1}


async def test_default_limits_are_the_documented_ones() -> None:
    async with open_shop() as shop:
        limits = shop.simulator.settings["limits"]
        assert (limits["GET"], limits["POST"], limits["PATCH"], limits["productqueries"]) == (150, 100, 100, 30)
        for _ in range(30):
            await shop.get("/productqueries/?productnumber=A")
        assert (await shop.refused("GET", "/productqueries/?productnumber=A"))[1] == "429.10"


async def test_state_counts_the_calls_by_method_and_path() -> None:
    async with open_shop() as shop:
        shop.simulator.load({"products": [{"id": 900, "name": "Mug"}]})
        await shop.get("/products/900/")
        await shop.get("/products/?size=10")
        await shop.get("/products/900/")
        assert shop.simulator.state_of(["calls"]) == {"calls": {"GET products/#": 2, "GET products": 1}}


async def test_total_limit_is_a_switch() -> None:
    async with open_shop(total_limit=2) as shop:
        await shop.get("/orders/")
        await shop.get("/packages/")
        assert (await shop.refused("GET", "/paymethods/"))[:2] == (429, "429.11")


async def test_unknown_resources_methods_and_records() -> None:
    async with open_shop() as shop:
        assert (await shop.refused("GET", "/customers/"))[:2] == (404, "404.20")
        assert (await shop.refused("DELETE", "/orders/1/"))[:2] == (405, "405.10")
        assert (await shop.refused("GET", "/orders/1/"))[0] == 404


async def test_root_lists_what_the_key_may_use() -> None:
    async with open_shop(hidden_resources=["usergroups"]) as shop:
        titles = {item["title"] for item in await shop.items("/")}
        assert "orders" in titles
        assert "usergroups" not in titles
        assert (await shop.refused("GET", "/usergroups/"))[:2] == (404, "404.20")


async def test_faults_speak_the_vendor_error_shape() -> None:
    async with open_shop() as shop:
        await shop.faults(
            {"fault": "429", "when": {"times": 1}},
            {"fault": "daily_limit", "when": {"times": 1}},
            {"fault": "500_before_commit", "when": {"times": 1}},
            {"fault": "500.20", "when": {"times": 1}},
            {"fault": "wrong_response_signature", "when": {"times": 1}},
        )
        assert [await shop.refused("GET", "/orders/") for _ in range(4)] == [
            (429, "429.10", "Too many calls on this resource in this minute."),
            (429, "429.11", "Too many calls on the API."),
            (500, None, "Internal server error."),
            (500, "500.20", "The output does not match its schema."),
        ]
        answer = await shop.call("GET", "/packages/")
        expected = signature(SECRET, PUBLIC, "GET", f"{ROOT}/packages/", answer.text, answer.headers["x-date"])
        assert answer.headers["x-hash"] != expected


async def test_signing_holds_over_a_real_socket() -> None:
    async with running("ccvshop") as sim:
        simulator = sim.simulator
        assert isinstance(simulator, CcvShop)
        async with httpx.AsyncClient(base_url=sim.base_url, trust_env=False) as http:
            shop = ShopClient(simulator, http)
            await sim.load({"orders": [{"orderrows": [{"product_name": "Mug", "price": 9.95}]} for _ in range(2)]})
            page = await shop.get("/orders/?size=1&min_create_date=2020-01-01T00%3A00%3A00Z")
            assert page["next"].startswith(sim.base_url)
            (order,) = await shop.items(page["next"].partition(ROOT)[2])
            assert str(order["total_price"]) == "9.95"
        assert [entry["status"] for entry in await sim.requests()] == [200, 200]
