"""The client of a rehearsal: reads go to the vendor, no write does."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from connectors.answers import Action
from connectors.client import VendorClient
from connectors.eaccounting.errors import EAccountingAnswers
from connectors.errors import RecordGone
from connectors.rehearsal import RehearsalLog
from connectors.rehearsed import Difference
from tests.connectors.support import Badge, KeptExchanges, LocalBudget

ADDRESS = "https://books.example.com"
ANNA = {"Id": "a-1", "Name": "Anna", "City": "Assen"}


@pytest.fixture
def seen() -> list[str]:
    """What reached the vendor."""
    return []


@pytest_asyncio.fixture
async def client(seen: list[str]) -> AsyncIterator[VendorClient]:
    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(f"{request.method} {request.url.path}")
        return httpx.Response(200, json=ANNA)

    async with VendorClient(
        ADDRESS,
        authentication=Badge(),
        answers=EAccountingAnswers(),
        budget=LocalBudget(),
        recorder=KeptExchanges(),
        transport=httpx.MockTransport(answer),
    ) as opened:
        yield opened


async def test_reads_go_through_and_writes_are_answered_but_not_sent(client: VendorClient, seen: list[str]):
    log = RehearsalLog()
    rehearsing = log.before(client)
    assert (await rehearsing.read("GET", "/customers/a-1", operation="read")).body == ANNA
    changed = await rehearsing.write("PUT", "/customers/a-1", {**ANNA, "City": "Breda"}, operation="move")
    made = await rehearsing.write("POST", "/customers", {"Name": "Bo"}, operation="create", params={"x": "1"})
    gone = await rehearsing.write("DELETE", "/orders/1", operation="delete")
    assert (changed.body["City"], made.body["Name"], gone.body) == ("Breda", "Bo", None)
    assert seen == ["GET /customers/a-1"]
    move, create, delete = log.take()
    assert (move.system, move.differences) == ("eAccounting", {"City": Difference("Assen", "Breda")})
    assert (create.path, create.differences) == ("/customers?x=1", {})
    assert (delete.method, delete.body) == ("DELETE", None)
    assert log.take() == ()


async def test_what_a_rehearsal_made_or_changed_is_read_as_it_would_stand(client: VendorClient, seen: list[str]):
    rehearsing = RehearsalLog().before(client)
    made = (await rehearsing.write("POST", "/customers", {"Name": "Bo"}, operation="create")).body
    await rehearsing.write("PATCH", f"/customers/{made['Id']}", {"City": "Delft"}, operation="move")
    read = await rehearsing.read("GET", f"/customers/{made['Id']}", operation="read")
    assert read.body == {"Id": made["Id"], "Name": "Bo", "City": "Delft"}
    with pytest.raises(RecordGone):
        await rehearsing.read("GET", f"/customers/{made['Id']}/labels", operation="read")
    await rehearsing.write("DELETE", "/customers/a-1", operation="delete")
    answer = await rehearsing.read("GET", "/customers/a-1", operation="read", accept={Action.GONE})
    assert answer.status == 404
    assert seen == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_read_that_could_change_something_is_not_sent(client: VendorClient, seen: list[str], method: str):
    with pytest.raises(ValueError, match="not a read"):
        await RehearsalLog().before(client).read(method, "/customers", operation="search")
    assert seen == []


async def test_the_log_hides_secrets_and_cuts_pictures(client: VendorClient):
    log = RehearsalLog()
    body = {"password": "s3cret!", "source": "x" * 50_000}
    await log.before(client).write("POST", "/users", body, operation="create", secrets=["s3cret!"])
    (call,) = log.take()
    assert call.body["password"] == "(secret)"
    assert len(call.body["source"]) < 11_000
    assert call.body["source"].endswith("(50000 characters)")


async def test_a_rehearsal_can_end_at_its_first_write(client: VendorClient, seen: list[str]):
    log = RehearsalLog()
    rehearsing = log.before(client)
    reached = False
    with log.until_written():
        await rehearsing.write("POST", "/orders", {}, operation="create the order")
        reached = True
    assert (reached, seen, [call.operation for call in log.take()]) == (False, [], ["create the order"])
