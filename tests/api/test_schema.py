"""Requests made up from the API's own description: whatever is sent, every endpoint keeps its word."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.conftest import ADDRESS
from tests.api.scene import Scene

PROMISES = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES_PER_ENDPOINT = 10
SECONDS_PER_REQUEST = 30


def each_of(made_up: st.SearchStrategy[Case[Any]], check: Callable[[Case[Any], bool], None]) -> None:
    """Check the same made-up requests every time, and not many."""
    limits = settings(
        max_examples=EXAMPLES_PER_ENDPOINT,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    limits(given(made_up, st.booleans())(check))()


def sent(case: Case[Any], token: str) -> dict[str, Any]:
    """The case as arguments of an httpx request."""
    made = case.as_transport_kwargs(base_url=ADDRESS)
    headers = {name: value for name, value in dict(made["headers"]).items() if name.lower() != "authorization"}
    names = ("method", "url", "params", "json", "data")
    arguments = {name: made[name] for name in names if made.get(name) is not None}
    if isinstance(arguments.get("data"), str | bytes):
        arguments["content"] = arguments.pop("data")
    return {**arguments, "headers": {**headers, **({"Authorization": f"Bearer {token}"} if token else {})}}


@pytest.mark.slow
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
async def test_no_made_up_request_breaks_an_endpoint(
    app: FastAPI, running: Scene, anonymous: httpx.AsyncClient, token: str, mode: GenerationMode
):
    items = await running.list_orders(["1"])
    known = {
        "connection_id": running.shop_id,
        "integration_id": running.integration_id,
        "flow_id": running.flow_id,
        "item_id": items["1"],
        "problem_id": await running.park(items.values()),
        "system": "books",
        "table": "payment_method",
        "other": "ccvshop",
        "target": "YourReference",
        "name": "payment_methods",
    }
    loop = asyncio.get_running_loop()
    asked: set[str] = set()

    def answer_to(arguments: dict[str, Any]) -> httpx.Response:
        coming = asyncio.run_coroutine_threadsafe(anonymous.request(**arguments), loop)
        return coming.result(SECONDS_PER_REQUEST)

    def keeps_its_word(case: Case[Any], of_a_known_record: bool) -> None:
        if of_a_known_record:
            case.path_parameters = {name: known.get(name, made_up) for name, made_up in case.path_parameters.items()}
        case.validate_response(answer_to(sent(case, token)), checks=PROMISES)
        asked.add(case.operation.label)
        assert answer_to(sent(case, "")).status_code == 401

    def ask_every_endpoint() -> None:
        for found in schemathesis.openapi.from_dict(app.openapi()).get_all_operations():
            assert isinstance(found, Ok)
            each_of(found.ok().as_strategy(generation_mode=mode), keeps_its_word)

    await asyncio.to_thread(ask_every_endpoint)
    assert len(asked) > (45 if mode is GenerationMode.POSITIVE else 30)
