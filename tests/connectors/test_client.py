"""One client for all vendors: what is tried again, what never is, and what people get to read."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal

import httpx
import pytest

from commerce.problems import ProblemCode
from connectors.answers import Action, AnswerTable
from connectors.budget import Bucket
from connectors.client import Bounds, VendorClient
from connectors.errors import (
    ConnectionRefused,
    OutcomeUnknown,
    RateLimited,
    RecordGone,
    RecordRefused,
    Temporary,
    VendorError,
)
from connectors.exchange import Outcome
from tests.connectors.support import Badge, KeptExchanges, LocalBudget

HOST = "https://shop.example.com"


class ShopAnswers(AnswerTable):
    title = "The shop"
    code_member = "code"
    message_member = "message"
    by_code = {"same": Action.ACCEPT, "busy": Action.WAIT}  # noqa: RUF012 - the way vendors declare it
    account_wide_codes = frozenset({"busy"})


class Vendor:
    """Answers in order, the last one for ever, and counts."""

    def __init__(self, *answers: httpx.Response | Callable[[httpx.Request], httpx.Response]) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.recorder = KeptExchanges()
        self.budget = LocalBudget()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer if isinstance(answer, httpx.Response) else answer(request)

    def client(
        self,
        base_url: str = HOST,
        *,
        badge: Badge | None = None,
        bounds: Bounds | None = None,
        secrets: Sequence[str] = (),
    ) -> VendorClient:
        return VendorClient(
            base_url,
            authentication=badge or Badge(),
            answers=ShopAnswers(),
            budget=self.budget,
            recorder=self.recorder,
            buckets=lambda method, path: (Bucket(f"{method} {path}", 150), Bucket("account", None)),
            secrets=secrets,
            bounds=bounds,
            transport=httpx.MockTransport(self),
        )


def json(status: int, body: object, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=body, headers=headers)


def html(status: int = 200) -> httpx.Response:
    return httpx.Response(status, html="<html><body>Back soon</body></html>")


def truncated() -> httpx.Response:
    return httpx.Response(200, content=b'{"items": [{"id"', headers={"content-type": "application/json"})


def no_answer(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("silence", request=request)


def no_connection(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


async def test_amounts_arrive_and_leave_exactly():
    vendor = Vendor(httpx.Response(200, content=b'{"price": 16.7983193277311}'))
    async with vendor.client() as client:
        answer = await client.write(
            "POST", "/prices/", {"price": Decimal("0.10"), "name": "Café"}, operation="set a price"
        )

    assert answer.body == {"price": Decimal("16.7983193277311")}
    assert vendor.requests[0].content == b'{"price":0.10,"name":"Caf\\u00e9"}'


async def test_queries_are_percent_encoded_beside_a_query_of_the_path():
    vendor = Vendor(json(200, {}))
    async with vendor.client() as client:
        await client.read("GET", "/orders/?start=0", {"$filter": "a eq 'b+c'"}, operation="list orders")

    assert vendor.requests[0].url.raw_path == b"/orders/?start=0&$filter=a%20eq%20%27b%2Bc%27"


@pytest.mark.parametrize("hiccup", [json(500, {}), json(503, {}), truncated(), html(), no_answer, no_connection])
async def test_a_read_is_bridged_over_a_hiccup(hiccup):
    vendor = Vendor(hiccup, hiccup, json(200, {"id": 1}))
    async with vendor.client() as client:
        answer = await client.read("GET", "/orders/1/", operation="read order 1")

    assert answer.body == {"id": 1}
    assert len(vendor.recorder.exchanges) == 3


async def test_a_read_gives_up_after_three_tries():
    vendor = Vendor(json(500, {}))
    async with vendor.client() as client:
        with pytest.raises(Temporary, match="failed to read order 1: it answered HTTP 500"):
            await client.read("GET", "/orders/1/", operation="read order 1")

    assert len(vendor.requests) == 3


@pytest.mark.parametrize(
    ("answer", "settled"),
    [
        (json(500, {}), True),
        (json(503, {}), True),
        (json(502, {}), False),
        (json(504, {}), False),
        (json(522, {}), False),
        (truncated(), True),
        (html(), True),
        (no_answer, False),
    ],
)
async def test_a_write_without_a_clear_answer_is_sent_once(answer, settled: bool):
    vendor = Vendor(answer)
    async with vendor.client() as client:
        with pytest.raises(OutcomeUnknown) as caught:
            await client.write("POST", "/orders/", {}, operation="create order 25")

    assert caught.value.settled is settled
    assert len(vendor.requests) == 1


async def test_a_write_that_was_never_sent_leaves_nothing_to_look_up():
    vendor = Vendor(no_connection)
    async with vendor.client() as client:
        with pytest.raises(Temporary) as caught:
            await client.write("POST", "/orders/", {}, operation="create order 25")

    assert not isinstance(caught.value, OutcomeUnknown)
    assert vendor.recorder.exchanges[0].outcome is Outcome.NOT_SENT


async def test_refused_credentials_are_renewed_once_also_for_a_write():
    vendor = Vendor(json(401, {}), json(201, {"id": 1}))
    async with vendor.client(badge=Badge(renewals=1)) as client:
        answer = await client.write("POST", "/orders/", {}, operation="create order 25")

    assert answer.status == 201
    assert [request.headers["authorization"] for request in vendor.requests] == ["Badge 1", "Badge 2"]


async def test_credentials_may_be_refused_again_right_after_they_were_renewed():
    vendor = Vendor(json(401, {}), json(401, {}), json(200, {"id": 1}))
    async with vendor.client(badge=Badge(renewals=5)) as client:
        answer = await client.read("GET", "/orders/", operation="list orders")

    assert answer.status == 200


@pytest.mark.parametrize(("renewals", "calls"), [(0, 1), (1, 2), (5, 4)])
async def test_credentials_that_stay_refused_park_the_connection(renewals: int, calls: int):
    vendor = Vendor(json(401, {}))
    async with vendor.client(badge=Badge(renewals=renewals)) as client:
        with pytest.raises(ConnectionRefused, match="Reconnect it"):
            await client.read("GET", "/orders/", operation="list orders")

    assert len(vendor.requests) == calls


async def test_a_rate_limit_pauses_the_bucket_and_is_not_tried_again():
    vendor = Vendor(json(429, {}, **{"retry-after": "55"}))
    async with vendor.client() as client:
        with pytest.raises(RateLimited) as caught:
            await client.read("GET", "/orders/?start=100", operation="list orders")

    assert caught.value.retry_after == timedelta(seconds=55)
    assert vendor.budget.paused == [("GET /orders/", timedelta(seconds=55))]
    assert vendor.budget.acquired == [("GET /orders/", 120), ("account", None)]
    assert len(vendor.requests) == 1


async def test_a_rate_limit_of_the_whole_account_pauses_the_widest_bucket():
    vendor = Vendor(json(500, {"code": "busy"}))
    async with vendor.client() as client:
        with pytest.raises(RateLimited):
            await client.write("POST", "/orders/", {}, operation="create order 25")

    assert vendor.budget.paused == [("account", timedelta(seconds=60))]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (json(400, {}), RecordRefused),
        (json(422, {}), RecordRefused),
        (json(409, {}), RecordRefused),
        (json(501, {}), RecordRefused),
        (json(404, {}), RecordGone),
        (json(410, {}), RecordGone),
        (json(402, {}), ConnectionRefused),
        (json(403, {}), ConnectionRefused),
    ],
)
async def test_every_status_has_a_consequence(answer: httpx.Response, expected: type[VendorError]):
    vendor = Vendor(answer)
    async with vendor.client() as client:
        with pytest.raises(expected):
            await client.write("PUT", "/orders/1/", {}, operation="change order 1")

    assert len(vendor.requests) == 1


async def test_a_page_for_people_does_not_prove_that_a_record_is_gone():
    vendor = Vendor(html(404))
    async with vendor.client() as client:
        with pytest.raises(Temporary, match="HTTP 404 with a web page instead of data"):
            await client.read("GET", "/orders/1/", operation="read order 1")


async def test_the_vendors_code_outranks_the_status():
    vendor = Vendor(json(500, {"code": "same"}))
    async with vendor.client() as client:
        answer = await client.write("PATCH", "/orders/1/", {}, operation="change order 1")

    assert answer.status == 500


async def test_a_refused_record_quotes_the_vendor():
    vendor = Vendor(json(400, {"code": "17", "message": "street is required"}))
    async with vendor.client() as client:
        with pytest.raises(RecordRefused) as caught:
            await client.write("POST", "/customers/", {}, operation="create a customer")

    problem = caught.value.problem
    assert problem.code is ProblemCode.REFUSED_BY_TARGET
    assert problem.sentence.startswith(
        'The shop refused to create a customer: "street is required" (HTTP 400, code 17).'
    )
    assert "street" not in str(caught.value)


async def test_a_caller_can_look_at_an_answer_itself():
    vendor = Vendor(json(409, {"id": 5}))
    async with vendor.client() as client:
        answer = await client.write("POST", "/customers/", {}, operation="create", accept={Action.CONFLICT})

    assert answer.body == {"id": 5}


async def test_redirects_are_not_followed():
    vendor = Vendor(httpx.Response(302, headers={"location": "https://elsewhere.example.com/"}))
    async with vendor.client() as client:
        with pytest.raises(ConnectionRefused, match="redirect"):
            await client.read("GET", "/orders/", operation="list orders")

    assert [request.url.host for request in vendor.requests] == ["shop.example.com"]


async def test_an_answer_beyond_the_size_bound_is_not_kept():
    bounds = Bounds(answer_bytes=1024 * 1024)
    vendor = Vendor(httpx.Response(200, content=b" " * (1024 * 1024 + 1)))
    async with vendor.client(bounds=bounds) as client:
        with pytest.raises(RecordRefused) as caught:
            await client.read("GET", "/orders/1/", operation="read order 1")
        with pytest.raises(OutcomeUnknown):
            await client.write("POST", "/orders/", {}, operation="create order 25")

    assert caught.value.problem.code is ProblemCode.TOO_LARGE
    assert "larger than 1 MB" in caught.value.problem.sentence


async def test_exchanges_hold_bodies_and_no_secrets():
    vendor = Vendor(json(200, {"echo": "s3cr/et"}))
    async with vendor.client(secrets=["s3cr/et"]) as client:
        await client.read("POST", "/search", {"token": "s3cr/et"}, json={"key": "s3cr/et", "q": 1}, operation="search")

    (exchange,) = vendor.recorder.exchanges
    assert exchange.url == f"{HOST}/search?token=(secret)"
    assert exchange.request_body == '{"key":"(secret)","q":1}'
    assert exchange.response_body == '{"echo":"(secret)"}'
    assert exchange.status == 200
    assert exchange.outcome is Outcome.ACCEPTED
    assert "secret" not in repr(exchange).replace("(secret)", "")


@pytest.mark.parametrize(
    "address", ["http://shop.example.com", "ftp://shop.example.com", "shop.example.com", "https://"]
)
def test_an_address_that_is_not_safe_is_refused_before_anything_is_sent(address: str):
    with pytest.raises(ConnectionRefused, match="https://"):
        Vendor(json(200, {})).client(address)


@pytest.mark.parametrize("address", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000", HOST])
async def test_this_machine_may_be_called_in_clear(address: str):
    async with Vendor(json(200, {})).client(address) as client:
        await client.read("GET", "/", operation="look")
