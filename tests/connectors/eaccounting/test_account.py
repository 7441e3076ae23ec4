"""The connection itself: its test, its lists, its tokens, its limits and its refusals."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from commerce.problems import ProblemCode
from connectors.answers import Action, Answer
from connectors.eaccounting import CONNECTOR, ENDPOINTS
from connectors.eaccounting.api import buckets
from connectors.eaccounting.errors import ANSWERS
from connectors.eaccounting.settings import EAccountingConnection, EAccountingOrders
from connectors.errors import ConnectionRefused, RateLimited, RecordRefused
from connectors.oauth import authorization_url, exchange_code
from connectors.protocols import Identifier
from tests.connectors.eaccounting.conftest import Office, connection_settings, order


async def test_the_test_names_the_company(office: Office):
    sentence = await CONNECTOR.open_account(office.client, connection_settings("https://example.com")).test()
    assert "Voorbeeld Handel B.V." in sentence


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"company_status": 0}, "inactive"),
        ({"company_status": 2}, "only be read"),
        ({"product_variant": 3}, "Bookkeeping"),
    ],
)
async def test_the_test_says_why_a_company_cannot_be_used(office: Office, settings, word):
    await office.simulation.settings(settings)
    with pytest.raises(ConnectionRefused) as refused:
        await CONNECTOR.open_account(office.client, connection_settings("https://example.com")).test()
    assert word in refused.value.problem.sentence


async def test_the_company_says_which_one_it_is_as_long_as_the_vendor_names_it(office: Office):
    account = CONNECTOR.open_account(office.client, connection_settings("https://example.com"))
    known = await account.identify()
    assert known is not None
    company = (await office.simulation.about())["settings"]["company"]
    await office.simulation.settings({"company": {**company, "Name": "Renamed B.V."}})
    renamed = await account.identify()
    assert renamed is not None
    assert (renamed.key, renamed.name) == (known.key, "Renamed B.V.")
    await office.simulation.settings({"company": {**company, "CompanyIdentifier": None}})
    assert await account.identify() is None


async def test_a_small_subscription_is_told_what_it_lacks(office: Office):
    await office.simulation.settings({"product_variant": 4})
    sentence = await CONNECTOR.open_account(office.client, connection_settings("https://example.com")).test()
    assert "use invoices" in sentence


@pytest.mark.parametrize("unfilterable", [[], ["IsActive"]])
async def test_active_articles_are_offered_by_number_and_name_with_one_call(office: Office, unfilterable: list[str]):
    await office.simulation.settings({"unfilterable": unfilterable})
    await office.simulation.forget_requests()
    choices = await CONNECTOR.open_account(office.client, connection_settings("https://example.com")).choices(
        "articles"
    )
    offered = {choice.value: choice.label for choice in choices}
    assert offered["SHIP21"] == "SHIP21 Shipping 21 %"
    assert "OLD" not in offered
    assert list(offered) == sorted(offered)
    assert len(await office.simulation.requests()) == 1 + len(unfilterable)


@pytest.mark.parametrize("name", CONNECTOR.choices)
async def test_every_declared_list_has_entries(office: Office, name: str):
    await office.simulation.settings({"product_variant": 5})
    kinds = ("articlelabels", "customerlabels", "salespricelists")
    await office.simulation.load({kind: [{"Name": "Web shop"}] for kind in kinds})
    choices = await CONNECTOR.open_account(office.client, connection_settings("https://example.com")).choices(name)
    assert choices
    assert all(choice.value and choice.label for choice in choices)


async def test_an_undeclared_list_does_not_exist(office: Office):
    with pytest.raises(KeyError):
        await CONNECTOR.open_account(office.client, connection_settings("https://example.com")).choices("nothing")


def test_the_tables_of_the_target_have_lists():
    assert CONNECTOR.order_target is not None
    assert set(CONNECTOR.order_target.value_tables.values()) <= set(CONNECTOR.choices)


async def test_consent_is_asked_for_one_company_and_its_code_gives_tokens(office: Office):
    assert CONNECTOR.oauth_client is not None
    client = CONNECTOR.oauth_client(connection_settings(office.simulation.base_url))
    address = authorization_url(client, redirect_uri="http://127.0.0.1:9/callback", state="s1")
    assert "prompt=select_account" in address
    assert "acr_values=service" in address
    response = await office.client._http.get(address)
    code = dict(response.next_request.url.params)["code"] if response.next_request else ""
    tokens = await exchange_code(client, code=code, redirect_uri="http://127.0.0.1:9/callback")
    assert tokens.access_token
    assert tokens.refresh_token
    assert set(ENDPOINTS.scopes) >= {"ea:api", "offline_access", "ea:sales"}


async def test_an_expired_token_is_refreshed_once_and_the_order_goes_on(office: Office):
    await office.simulation.advance(4000)
    await office.send(order())
    assert await office.count("orders") == 1
    assert office.vault.held.version == 1


async def test_an_ended_consent_waits_for_a_person(office: Office):
    await office.simulation.settings({"password_changed": True})
    await office.simulation.advance(4000)
    with pytest.raises(ConnectionRefused) as refused:
        await office.target().find_products(["MUG"], Identifier.SKU)
    assert refused.value.problem.code is ProblemCode.CONNECTION_EXPIRED


async def test_the_wait_is_read_out_of_the_message(office: Office):
    await office.simulation.settings({"rate_limit": 1})
    target = office.target()
    await target.find_products(["MUG"], Identifier.SKU)
    with pytest.raises(RateLimited) as limited:
        await target.find_products(["MUG"], Identifier.SKU)
    assert limited.value.retry_after is not None
    assert timedelta(0) < limited.value.retry_after <= timedelta(seconds=60)
    assert office.budget.paused[0][0] == "eaccounting/sandbox-client/v2/articles"


def test_calls_are_counted_per_client_and_address_without_ids():
    of = buckets("client", None)
    (bucket,) = of("POST", "/v2/customerinvoicedrafts/0b0e4c5e-9a51-4f0e-8d52-9f5f0a2f7f00/convert?a=b")
    assert (bucket.name, bucket.per_minute) == ("eaccounting/client/v2/customerinvoicedrafts/{id}/convert", 600)
    assert buckets("client", 1200)("GET", "/v2/orders")[0].per_minute == 1200


def answer(status: int, code: int | None = None, **members) -> Answer:
    body = {"ErrorCode": code, "DeveloperErrorMessage": "Something.", "ErrorId": "e1", **members} if code else None
    return Answer(status, {}, b"{}", body, readable=True)


@pytest.mark.parametrize(
    ("status", "code", "action"),
    [
        (400, 2000, Action.PARK_ITEM),
        (400, 3000, Action.GONE),
        (404, 3000, Action.GONE),
        (400, 4000, Action.CONFLICT),
        (400, 4002, Action.PARK_ITEM),
        (403, 4002, Action.PARK_CONNECTION),
        (400, 4006, Action.PARK_CONNECTION),
        (400, 4009, Action.PARK_CONNECTION),
        (400, 4010, Action.WAIT),
        (401, 4005, Action.RENEW),
        (403, 4005, Action.PARK_CONNECTION),
        (400, 4026, Action.PARK_ITEM),
        (400, 5001, Action.RETRY),
        (500, None, Action.RETRY),
        (200, None, Action.ACCEPT),
    ],
)
def test_the_code_decides_what_happens_next(status: int, code: int | None, action: Action):
    assert ANSWERS.classify(answer(status, code)) is action


@pytest.mark.parametrize(
    ("code", "problem_code"),
    [
        (2000, ProblemCode.INVALID_VALUE),
        (4013, ProblemCode.PERIOD_CLOSED),
        (4026, ProblemCode.PERIOD_CLOSED),
        (4038, ProblemCode.PERIOD_CLOSED),
        (4025, ProblemCode.INVALID_VALUE),
        (4024, ProblemCode.REFUSED_BY_TARGET),
    ],
)
def test_a_refusal_says_code_words_and_error_id(code: int, problem_code: ProblemCode):
    problem = ANSWERS.problem(answer(400, code), "create the order", writing=True)
    assert problem.code is problem_code
    assert all(part in problem.sentence for part in (str(code), "Something.", "e1", "create the order"))


def test_a_refused_field_is_named():
    errors = [{"Field": "Rows[0].UnitPrice", "Message": "Too many decimals."}]
    problem = ANSWERS.problem(answer(400, 2000, Errors=errors), "create the order", writing=True)
    assert problem.field == "Rows[0].UnitPrice"
    assert "Too many decimals." in problem.sentence


async def test_articles_are_asked_for_in_few_calls_with_short_addresses(office: Office):
    numbers = [f"SKU {number:04d} & 'more'" for number in range(300)]
    await office.simulation.load({"articles": [{"Number": number} for number in numbers]})
    await office.simulation.forget_requests()
    found = await office.target().find_products(numbers, Identifier.SKU)
    assert list(found) == numbers
    calls = [entry for entry in await office.simulation.requests() if "/articles" in entry["target"]]
    assert len(calls) < 20
    assert all(len(office.simulation.base_url + entry["target"]) < 2000 for entry in calls)


async def test_an_exact_number_goes_before_one_in_other_capitals(office: Office):
    found = await office.target().find_products(["mug", "MUG ", "none", ""], Identifier.SKU)
    assert {name: ref.number for name, ref in found.items()} == {"mug": "MUG", "MUG ": "MUG"}
    assert found["mug"].details["vat_rate"] == "21"


async def test_two_articles_with_one_barcode_are_reported_not_guessed(office: Office):
    await office.simulation.load({"articles": [{"Number": "CUP", "Barcodes": [{"Barcode": "8710000000001"}]}]})
    with pytest.raises(RecordRefused) as refused:
        await office.target().find_products(["8710000000001"], Identifier.EAN)
    assert refused.value.problem.code is ProblemCode.AMBIGUOUS_MATCH
    assert "CUP, MUG" in refused.value.problem.sentence


async def test_articles_are_found_where_they_cannot_be_filtered(office: Office):
    await office.simulation.settings({"unfilterable": ["Number"]})
    found = await office.target().find_products(["MUG"], Identifier.SKU)
    assert found["MUG"].number == "MUG"


async def test_a_missing_module_says_what_to_do(office: Office):
    await office.simulation.settings({"modules": []})
    with pytest.raises(ConnectionRefused) as refused:
        await office.send(order())
    assert "module" in refused.value.problem.sentence


@pytest.mark.parametrize(
    "raw",
    [
        {"time_zone": "Mars/Base"},
        {"shipping_article": {"21": " "}},
        {"shipping_article": {"many": "SHIP"}},
        {"reference_field": "Note"},
        {"unknown": 1},
    ],
)
def test_settings_that_cannot_work_are_refused(raw):
    with pytest.raises(ValidationError):
        EAccountingOrders.model_validate(raw)


def test_every_setting_has_a_title_and_a_description():
    for model in (EAccountingOrders, EAccountingConnection):
        for name, setting in model.model_json_schema()["properties"].items():
            assert setting.get("title"), name
            assert setting.get("description"), name
