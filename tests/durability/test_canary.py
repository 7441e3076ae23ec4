"""A canary customer and canary secrets go through everything; they are in clear nowhere that is kept or shown."""

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import httpx
import pytest

from embedded import temporal_server
from settings import Settings
from simulators.eaccounting import EAccounting
from simulators.kit import VendorAnswer, VendorRequest
from tests.child_server import free_port
from tests.durability.support import process, worker_process
from tests.shop_orders import shop_order, shop_row
from tests.world import CLIENT, World, world

NAME, STREET, PHONE = "Zoë-Kanarie Vögelaar", "Kwetterlaan'steeg", "0307919191"
EMAIL, BLOCKED, SHAPELESS = "kanarie@example.nl", "kanarie.vast@example.nl", "kanarie.stuk@example.nl"


def canary_order(number: int, email: str = EMAIL, **members: Any) -> dict[str, Any]:
    """An order of the canary."""
    address = {"first_name": "Zoë-Kanarie", "last_name": "Vögelaar", "street": STREET, "telephone": PHONE}
    return shop_order(number, address=address, customer={"email": email}, **members)


def forms(text: str) -> set[bytes]:
    """How a text may stand in a file: as it is, in small letters, escaped for JSON or an address, encoded."""
    plain = text.encode()
    written = {text, text.lower(), json.dumps(text)[1:-1], quote(text), quote(text, safe=""), quote_plus(text)}
    found = {form.encode() for form in written} | {text.encode("utf-16-le"), plain.hex().encode()}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        # Whatever stands before it, the text begins at one of three places of a group; its edges mix with others.
        found |= {encode(b"\0" * shift + plain)[4 if shift else 0 :].rstrip(b"=")[:-2] for shift in range(3)}
    return found


def found_in(content: bytes, canaries: list[str]) -> list[str]:
    """The canaries that a file holds in any form."""
    return [text for text in canaries if any(form in content for form in forms(text))]


def files_in(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, by its name."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@contextlib.asynccontextmanager
async def in_processes(tmp_path: Path, sqlite_url: str, metrics: str) -> AsyncIterator[World]:
    """A world whose Temporal server keeps a file, and whose worker and API are processes with logs."""
    settings = Settings(
        data_dir=tmp_path,
        temporal_address=f"127.0.0.1:{free_port()}",
        temporal_ui_url=f"http://127.0.0.1:{free_port()}",
        _env_file=None,
    )
    port = free_port()
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(temporal_server(settings))
        made = await stack.enter_async_context(
            world(tmp_path, settings.temporal_address, sqlite_url, with_worker=False)
        )
        talk: dict[str, str] = {"LONGSHORE_LOG_LEVEL": "DEBUG", "LONGSHORE_API_PORT": str(port)}
        await stack.enter_async_context(
            worker_process(made, tmp_path / "worker.log", LONGSHORE_METRICS_ADDRESS=metrics, **talk)
        )
        await stack.enter_async_context(process(made, "api", tmp_path / "api.log", ready_words="api_started", **talk))
        headers = {"authorization": made.api_client.headers["authorization"]}
        client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30, trust_env=False)
        made.api_client = await stack.enter_async_context(client)
        yield made


def let_the_books_talk(made: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The books refuse one buyer quoting him, and answer nonsense about another."""
    answer = made.books.simulator.answer

    async def talk(request: VendorRequest) -> VendorAnswer:
        if request.method == "POST" and BLOCKED.encode() in request.body:
            refusal = {"ErrorCode": 2000, "DeveloperErrorMessage": f"{NAME} ({BLOCKED}, {PHONE}) is blocked."}
            return VendorAnswer.json(400, refusal)
        if any(SHAPELESS in value for _, value in request.query):
            return VendorAnswer.json(200, {"Data": [], "Meta": {"TotalNumberOfPages": f"{NAME} {SHAPELESS}"}})
        return await answer(request)

    monkeypatch.setattr(made.books.simulator, "answer", talk)


async def refusals_of_the_api(made: World, secrets: list[str]) -> str:
    """What the API says to calls that carry canaries and cannot be served."""
    keys = {"base_url": "http://shop.example.nl", "public_key": NAME, "secret_key": [secrets[0]]}
    body = {"system": "ccvshop", "name": "Shop", "settings": keys}
    flow = f"/api/v1/flows/{made.flow_id}"
    answers = [
        await made.api_client.post("/api/v1/connections", json=body),
        await made.api_client.post("/api/v1/connections", content=f'{{"name": "{NAME}" {secrets[0]}'.encode()),
        await made.api_client.get("/api/v1/items", params={"limit": EMAIL, "since": NAME}),
        await made.api_client.patch(flow, json={"settings": {"orders": {"page_size": NAME}}, "schedule": EMAIL}),
        await made.api_client.post("/api/v1/items/retry", json={"item_ids": NAME}),
        await made.api_client.get("/api/v1/items", headers={"authorization": f"Bearer not-{secrets[0]}"}),
        await made.api_client.get("/oauth/callback", params={"state": secrets[0], "code": secrets[1]}),
    ]
    assert all(answer.status_code in {400, 401, 404, 409, 422} for answer in answers), answers
    return "\n".join(answer.text for answer in answers)


async def secrets_of(made: World) -> list[str]:
    """Every secret that the product was given or made."""
    books = made.books.simulator
    assert isinstance(books, EAccounting)
    shop_secret = next(iter((await made.shop.about())["settings"]["keys"].values()))
    ring = made.keys.to_text()
    token = made.api_client.headers["authorization"].removeprefix("Bearer ")
    tokens = [*books.identity.access_tokens, *books.identity.refresh_tokens]
    return [shop_secret, CLIENT["client_secret"], ring.partition(":")[2], token, *tokens]


@pytest.mark.slow
@pytest.mark.feature("GDP-02")
async def test_a_canary_is_found_in_clear_nowhere(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch):
    metrics = f"127.0.0.1:{free_port()}"
    async with in_processes(tmp_path, sqlite_url, metrics) as made:
        await made.integrate()
        await made.settled()
        let_the_books_talk(made, monkeypatch)
        secrets = await secrets_of(made)
        await made.books.faults(
            [
                {"fault": "500_after_commit", "when": "once", "method": "POST", "path": "^/v2/orders"},
                {"fault": "token_expired", "when": "once", "path": "^/v2/"},
                {"fault": "html_200", "when": "once", "path": "^/v2/customers"},
            ]
        )
        nameless = shop_row("", 1, Decimal(10), product_name=f"Engraved for {NAME}, {EMAIL}")
        await made.shop.load(
            {
                "orders": [
                    canary_order(1001),
                    canary_order(1002, rows=[nameless]),
                    canary_order(1003, BLOCKED),
                    canary_order(1004, SHAPELESS),
                    canary_order(1005, rows=[shop_row("LAMP", 1, Decimal(30))]),
                ]
            }
        )
        standing = await made.run(seconds=120)
        assert (standing["listed"], standing["done"], standing["parked"]) == (5, 1, 4)
        problems = await made.problems()
        codes = {"invalid_value", "internal_error", "missing_field", "unknown_product"}
        assert {problem["code"] for problem in problems} == codes
        secrets = list({*secrets, *await secrets_of(made)})
        assert len(secrets) >= 8, "the tokens were not replaced on the way"
        canaries = [NAME, "Kanarie", "Vögelaar", STREET, PHONE, EMAIL, BLOCKED, SHAPELESS, *secrets]

        # The owner sees the customer, which also shows that the search finds what is there.
        shown = json.dumps([problems, [await made.item(str(number)) for number in range(1001, 1006)]]).encode()
        assert found_in(shown, [NAME, STREET, PHONE, EMAIL, BLOCKED]) == [NAME, STREET, PHONE, EMAIL, BLOCKED]
        assert found_in(shown, secrets) == []

        refusals = await refusals_of_the_api(made, secrets)
        figures = (await made.api_client.get("/metrics")).text
        async with httpx.AsyncClient(trust_env=False) as scraper:
            figures += (await scraper.get(f"http://{metrics}/metrics")).text
        assert "temporal_" in figures
        assert made.flow_id in figures
        assert found_in((refusals + figures).encode(), canaries) == []

        item_id = (await made.item("1001"))["item"]["id"].encode()
        contents = await asyncio.to_thread(files_in, tmp_path)
        assert {"longshore.db", "longshore.db-wal", "temporal.db", "temporal.db-wal"} <= set(contents)
        assert any(item_id in content for name, content in contents.items() if name.startswith("longshore.db"))
        assert any(b"order/" in content for name, content in contents.items() if name.startswith("temporal.db"))
        assert b"step_failed" in contents["worker.log"]
        assert {name: found for name, content in contents.items() if (found := found_in(content, canaries))} == {}
        assert [name for name, content in contents.items() if b"@example." in content] == []
