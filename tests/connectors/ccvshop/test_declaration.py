"""What the owner of a shop is asked, and what calls may cost."""

from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from commerce.problems import ProblemCode
from connectors.answers import Action, Answer
from connectors.budget import Bucket
from connectors.ccvshop.api import buckets
from connectors.ccvshop.errors import CcvAnswers
from connectors.ccvshop.settings import CcvConnection
from connectors.exact_json import loads
from connectors.registry import CONNECTORS, capability_matrix, connector


def settings(address: str = "myshop.ccvshop.nl", **more: Any) -> CcvConnection:
    return CcvConnection.model_validate({"base_url": address, "public_key": " k ", "secret_key": "s"} | more)


@pytest.mark.parametrize(
    ("entered", "kept"),
    [
        ("myshop.ccvshop.nl", "https://myshop.ccvshop.nl"),
        (" https://myshop.ccvshop.be/api/rest/v1/ ", "https://myshop.ccvshop.be"),
        ("http://127.0.0.1:8101", "http://127.0.0.1:8101"),
    ],
)
def test_the_host_is_what_counts(entered: str, kept: str):
    assert settings(entered).base_url == kept


@pytest.mark.parametrize("entered", ["http://myshop.ccvshop.nl", "https://", "ftp://myshop.ccvshop.nl", ""])
def test_an_address_that_cannot_work_is_refused_when_saved(entered: str):
    with pytest.raises(ValidationError, match="https://"):
        settings(entered)


def test_keys_are_kept_without_blanks_and_secrets_unseen():
    assert settings().public_key == "k"
    assert "secret_key=SecretStr('**********')" in repr(settings())


@pytest.mark.parametrize("key", [" ", "klé", "two\nlines"])
def test_what_cannot_be_a_public_key_is_refused_when_saved(key: str):
    with pytest.raises(ValidationError, match="copy it again"):
        settings(public_key=key)


def per_minute(method: str, path: str, **more: Any) -> tuple[str, int | None]:
    narrow, wide = buckets(settings(**more))(method, path)
    assert wide == Bucket(narrow.name.rpartition("/")[0], None)
    return narrow.name.rpartition("/")[2], narrow.per_minute


def test_limits_count_per_resource_and_method():
    assert per_minute("GET", "/api/rest/v1/orders/") == ("GET orders", 150)
    assert per_minute("GET", "/api/rest/v1/orders/1001/") == ("GET orders", 150)
    assert per_minute("GET", "/api/rest/v1/orders/1001/orderrows/") == ("GET orderrows", 150)
    assert per_minute("GET", "/api/rest/v1/productqueries/") == ("GET productqueries", 30)
    assert per_minute("GET", "/api/rest/v1/") == ("GET root", 150)
    assert per_minute("PATCH", "/api/rest/v1/orders/1001/") == ("PATCH orders", 100)
    assert per_minute("GET", "/api/rest/v1/orders/", calls_per_minute=600) == ("GET orders", 600)


def test_two_shops_have_two_budgets():
    first, second = (
        buckets(settings(host))("GET", "/api/rest/v1/orders/") for host in ("a.example.com", "b.example.com")
    )

    assert {bucket.name for bucket in first}.isdisjoint(bucket.name for bucket in second)


def answer(status: int, code: str, message: str = "") -> Answer:
    body = httpx.Response(status, json={"status": status, "code": code, "developermessage": message}).content
    return Answer(status, {}, body, loads(body), readable=True)


@pytest.mark.parametrize(
    ("code", "action"),
    [
        ("404.20", Action.PARK_CONNECTION),
        ("405.10", Action.PARK_ITEM),
        ("429.10", Action.WAIT),
        ("429.11", Action.WAIT),
        ("500.10", Action.WAIT),
        ("500.20", Action.RETRY),
        ("500.40", Action.CONFLICT),
        ("500.50", Action.ACCEPT),
        ("500.60", Action.PARK_ITEM),
        ("500.80", Action.PARK_ITEM),
        ("501.30", Action.PARK_ITEM),
        ("500.99", Action.RETRY),
    ],
)
def test_a_server_error_is_read_by_its_code(code: str, action: Action):
    assert CcvAnswers().classify(answer(int(code[:3]), code)) is action


def test_only_the_limit_of_the_whole_key_pauses_everything():
    assert CcvAnswers().whole_account(answer(429, "429.11"))
    assert not CcvAnswers().whole_account(answer(429, "429.10"))


def test_known_refusals_say_what_to_do():
    table = CcvAnswers()

    assert "Extend it" in table.problem(answer(500, "500.60"), "create product MUG", writing=True).sentence
    assert table.problem(answer(500, "500.80"), "create product MUG", writing=True).code is ProblemCode.TOO_LARGE
    assert '"no such field"' in table.problem(answer(400, "", "no such field"), "change order 1", writing=True).sentence


def test_the_shop_is_registered_as_a_source_of_orders():
    assert connector("ccvshop") is CONNECTORS["ccvshop"]
    assert capability_matrix()["ccvshop"]["orders: source"]
    assert not capability_matrix()["ccvshop"]["orders: target, invoice"]


def test_an_unknown_system_is_answered_with_those_there_are():
    with pytest.raises(LookupError, match=r'no connector for "nosuch".*ccvshop'):
        connector("nosuch")
