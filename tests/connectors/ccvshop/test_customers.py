"""Registered customers of a running shop, read and written."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from commerce.customer import Address, Customer, CustomerKind
from commerce.problems import ProblemCode
from commerce.record import CustomerRecord
from connectors.ccvshop import CONNECTOR
from connectors.ccvshop.user_target import CcvCustomers, CcvUserTarget
from connectors.errors import OutcomeUnknown
from connectors.protocols import Identifier
from connectors.records import Key, RecordKind, Removal
from mapping.rules import MappingFailed, RuleSet
from tests.connectors.ccvshop.shops import EVERYTHING, RecordShop, found, problem, record_shop, sentence, written

BILLING = {"street": "Dorpsstraat", "housenumber": 3, "zipcode": "1234AB", "city": "Utrecht", "country_code": "NL"}
KEY = Key("c1", "jan@example.nl")
NEW = {"username": "jan@example.nl", "userinfo.email": "jan@example.nl", "userinfo.billingaddress.city": "Utrecht"}


@pytest.fixture
async def shop() -> AsyncIterator[RecordShop]:
    async with record_shop() as opened:
        yield opened


def user(number: int, **info: Any) -> dict[str, Any]:
    name = info.pop("username", f"user{number}@example.nl")
    return {"id": number, "username": name, "userinfo": {"email": name, "billingaddress": BILLING, **info}}


def customer(**changes: Any) -> CustomerRecord:
    person = {"kind": CustomerKind.PERSON, "email": " Jan@Example.NL ", "first_name": "Jan", "last_name": "Jansen"}
    return CustomerRecord(
        source_id="c1",
        reference="c1",
        number="10023",
        customer=Customer.model_validate({**person, "phone": "0301234567", **changes}),
        billing=Address(street="Dorpsstraat", number="3", postcode="1234AB", city="Utrecht", country="NL"),
        shipping=Address(name="Jan Jansen", street="Kade", number="9", postcode="1234AC", city="Utrecht", country="NL"),
    )


def mapped(record: CustomerRecord, *, creating: bool = True, groups: dict[str, str] | None = None) -> dict[str, Any]:
    target, source = CONNECTOR.record_targets[RecordKind.CUSTOMERS], CONNECTOR.record_sources[RecordKind.CUSTOMERS]
    rules = RuleSet.compile(target.mapping, source_fields=source.fields, target_fields=target.fields)
    return rules.apply(record.model_dump(), lambda _, value: (groups or {}).get(value), creating=creating).values


async def test_customers_are_read_over_pages(shop: RecordShop):
    await shop.sim.load({"users": [user(n) for n in range(1, 6)]})
    source = shop.source(RecordKind.CUSTOMERS)
    first = await source.list_records(EVERYTHING, None, 3)
    second = await source.list_records(EVERYTHING, first.next_page, 3)

    assert [record.source_id for page in (first, second) for record in page.records] == ["1", "2", "3", "4", "5"]
    assert (first.cursor, second.cursor, second.next_page) == (None, None, None)
    assert len(await shop.calls()) == 2


async def test_a_customer_is_read_with_all_that_the_shop_says(shop: RecordShop):
    company = {"company": "Jansen BV", "first_name": "Jan", "last_name": "Jansen", "housenumber_suffix": "A"}
    info = {"reference": "D-10023", "btw": "NL001234567B01", "billingaddress": {**BILLING, **company}}
    await shop.sim.load(
        {"usergroups": [{"id": 4, "groupname": "Dealer"}], "users": [{**user(77, **info), "group_id": 4}]}
    )
    (record,) = (await shop.source(RecordKind.CUSTOMERS).read_records(["77"])).records

    assert isinstance(record, CustomerRecord)
    assert (record.reference, record.number, record.group, record.active) == ("77", "D-10023", "4", True)
    assert (record.customer.kind, record.customer.company) == (CustomerKind.COMPANY, "Jansen BV")
    assert record.customer.email == "user77@example.nl"
    assert (record.billing.number, record.billing.addition, record.shipping.city) == ("3", "A", "Utrecht")
    assert record.raw["userinfo"]["reference"] == "D-10023"


async def test_a_customer_that_is_gone_or_malformed_does_not_stop_its_page(shop: RecordShop):
    await shop.sim.load({"users": [user(1), user(2)]})
    await shop.sim.patch("users", 2, {"status": "perhaps"})
    page = await shop.source(RecordKind.CUSTOMERS).read_records(["1", "2", "3", "../orders/1"])

    assert [record.source_id for record in page.records] == ["1"]
    assert [refused.source_id for refused in page.refused] == ["2"]
    assert page.removed == ["3", "../orders/1"]


async def test_who_waits_for_approval_is_not_active(shop: RecordShop):
    await shop.sim.load({"users": [{**user(1), "approval_status": "pending"}]})
    (record,) = (await shop.source(RecordKind.CUSTOMERS).read_records(["1"])).records

    assert isinstance(record, CustomerRecord)
    assert not record.active


@pytest.mark.feature("CUS-11")
async def test_an_untouched_mapping_creates_the_whole_customer(shop: RecordShop):
    target = shop.target(RecordKind.CUSTOMERS)
    end = await written(target, KEY, await found(target, KEY), mapped(customer()))
    stored = await shop.sim.record("users", end.target_id)

    assert (stored["username"], stored["status"]) == ("jan@example.nl", True)
    info = stored["userinfo"]
    assert (info["email"], info["customertype"], info["reference"]) == ("jan@example.nl", "b2c", "10023")
    billing, delivery = info["billingaddress"], info["deliveryaddress"]
    parts = ("street", "housenumber", "zipcode", "city", "country_code")
    assert [billing[part] for part in parts] == ["Dorpsstraat", 3, "1234AB", "Utrecht", "NL"]
    assert [delivery[part] for part in parts] == ["Kade", 9, "1234AC", "Utrecht", "NL"]
    assert (billing["first_name"], billing["last_name"], billing["telephone"]) == ("Jan", "Jansen", "0301234567")
    assert delivery["full_name"] == "Jan Jansen"


async def test_a_written_customer_shows_no_difference(shop: RecordShop):
    target, values = shop.target(RecordKind.CUSTOMERS), mapped(customer())
    await written(target, KEY, None, values)
    existing = await found(target, KEY)

    assert existing is not None
    assert {name: existing.values[name] for name in values} == values


def test_a_company_is_told_from_a_person_and_its_group_is_looked_up():
    record = customer(kind=CustomerKind.COMPANY, company="Jansen BV").model_copy(update={"group": "PL2"})
    values = mapped(record, groups={"PL2": "4"})

    assert (values["userinfo.customertype"], values["userinfo.billingaddress.company"]) == ("b2b", "Jansen BV")
    assert values["group_id"] == "4"
    assert "group_id" not in mapped(record)


def test_what_the_source_does_not_know_is_left_alone_and_the_user_name_is_kept():
    bare = customer(phone="").model_copy(update={"shipping": Address()})
    values = mapped(bare, creating=False)

    assert not any(name.startswith("userinfo.deliveryaddress") for name in values)
    assert not {"userinfo.billingaddress.telephone", "username"} & values.keys()


def test_a_customer_without_e_mail_is_refused_by_name_of_the_field():
    with pytest.raises(MappingFailed, match="username"):
        mapped(customer(email=" "))


async def test_the_password_is_random_and_kept_nowhere(shop: RecordShop, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("secrets.token_urlsafe", lambda size: f"word-of-{size}-bytes")
    end = await written(shop.target(RecordKind.CUSTOMERS), KEY, None, NEW)

    assert end.problem is None
    assert "word-of-32-bytes" not in str(
        [(one.url, one.request_body, one.response_body) for one in shop.recorder.exchanges]
    )
    assert '"password":"(secret)"' in shop.recorder.exchanges[-1].request_body


@pytest.mark.parametrize("known", ["username", "email"])
async def test_a_customer_is_found_by_either_address_in_any_case(shop: RecordShop, known: str):
    names = {"username": "jjansen", "email": " JAN@Example.nl"} if known == "email" else {"username": "Jan@Example.NL"}
    await shop.sim.load({"users": [user(1), user(7, **names)]})
    existing = await found(shop.target(RecordKind.CUSTOMERS), KEY)

    assert existing is not None
    assert existing.target_id == "7"


async def test_two_customers_with_one_address_are_a_problem(shop: RecordShop):
    await shop.sim.load({"users": [user(1, email="jan@example.nl"), user(2, email="Jan@example.nl")]})
    why = await problem(shop.target(RecordKind.CUSTOMERS), KEY)

    assert "customers 1, 2 of the shop all have" in sentence(why, ProblemCode.AMBIGUOUS_MATCH)


async def test_only_what_differs_is_sent(shop: RecordShop):
    await shop.sim.load({"users": [user(7, username="jan@example.nl")]})
    target = shop.target(RecordKind.CUSTOMERS)
    existing = await found(target, KEY)
    await written(target, KEY, existing, {"userinfo.billingaddress.telephone": "0301234567"})

    assert shop.recorder.exchanges[-1].request_body == '{"userinfo":{"billingaddress":{"telephone":"0301234567"}}}'
    stored = await shop.sim.record("users", 7)
    assert stored["userinfo"]["billingaddress"]["city"] == "Utrecht"


@pytest.mark.parametrize(
    ("number", "suffix", "stored"),
    [
        ("12", "bis", ("Dorpsstraat", 12, "bis")),
        ("12 bis", "", ("Dorpsstraat", 12, "bis")),
        ("12-14", "rood", ("Dorpsstraat", 12, "14 rood")),
        ("A12", "", ("Dorpsstraat A12", None, "")),
        ("", "", ("Dorpsstraat", None, "")),
    ],
)
async def test_house_numbers_are_split_as_the_shop_wants_them(
    shop: RecordShop, number: str, suffix: str, stored: tuple[str, int | None, str]
):
    await shop.sim.load({"users": [user(7, username="jan@example.nl")]})
    target = shop.target(RecordKind.CUSTOMERS)
    place = "userinfo.billingaddress"
    values = {f"{place}.housenumber": number, f"{place}.housenumber_suffix": suffix}
    end = await written(target, KEY, await found(target, KEY), values)
    again = await found(target, KEY)
    await shop.calls()
    await written(target, KEY, again, values)
    unchanged = await shop.calls()
    address = (await shop.sim.record("users", 7))["userinfo"]["billingaddress"]

    assert end.problem is None
    assert (address["street"], address["housenumber"], address["housenumber_suffix"]) == stored
    assert unchanged == []


async def test_a_group_that_is_no_number_is_a_problem_of_this_customer(shop: RecordShop):
    end = await written(shop.target(RecordKind.CUSTOMERS), KEY, None, {**NEW, "group_id": "Dealer"})

    assert '10023: "Dealer" is not a value' in sentence(end, ProblemCode.INVALID_VALUE)


async def test_new_customers_get_the_group_of_the_settings(shop: RecordShop):
    await shop.sim.load({"usergroups": [{"id": 4, "groupname": "Dealer"}, {"id": 5, "groupname": "Retail"}]})
    target = shop.target(RecordKind.CUSTOMERS, default_group="4")
    first = await written(target, KEY, None, NEW)
    second = await written(target, Key("c2", "b@example.nl"), None, {"username": "b@example.nl", "group_id": "5"})

    assert (await shop.sim.record("users", first.target_id))["group_id"] == 4
    assert (await shop.sim.record("users", second.target_id))["group_id"] == 5
    assert [(choice.value, choice.label) for choice in await shop.account.choices("user_groups")] == [
        ("4", "Dealer"),
        ("5", "Retail"),
    ]


async def test_a_customer_made_without_an_answer_is_found_afterwards(shop: RecordShop):
    await shop.sim.settings({"post_answers_204": True})
    end = await written(shop.target(RecordKind.CUSTOMERS), KEY, None, NEW)

    assert (await shop.sim.record("users", end.target_id))["username"] == "jan@example.nl"


async def test_a_customer_that_exists_already_is_brought_up_to_date(shop: RecordShop):
    target = shop.target(RecordKind.CUSTOMERS)
    assert await found(target, KEY) is None
    await shop.sim.load({"users": [user(7, username="jan@example.nl")]})
    end = await written(target, KEY, None, {**NEW, "userinfo.billingaddress.city": "Zeist"})

    assert (end.target_id, end.problem) == ("7", None)
    assert (await shop.sim.record("users", 7))["userinfo"]["billingaddress"]["city"] == "Zeist"
    assert len((await shop.sim.state("users"))["users"]) == 1


async def test_a_lost_answer_is_looked_up_and_nobody_made_twice(shop: RecordShop):
    target = shop.target(RecordKind.CUSTOMERS)
    assert await found(target, KEY) is None
    await shop.sim.faults([{"fault": "reset_after_commit", "when": "once", "method": "POST"}])
    with pytest.raises(OutcomeUnknown):
        await written(target, KEY, None, NEW)

    existing = await found(target, KEY)
    assert existing is not None
    assert existing.values["username"] == "jan@example.nl"


async def test_customers_of_a_page_are_looked_up_with_one_scan(shop: RecordShop):
    await shop.sim.load({"users": [user(n) for n in range(1, 301)]})
    target = shop.target(RecordKind.CUSTOMERS)
    keys = [Key(f"c{n}", f"user{n}@example.nl") for n in range(1, 251)]
    hits = await target.find(keys, Identifier.SKU)
    assert len(await shop.calls()) == 2
    assert len(hits) == 250

    known = [Key(f"c{n}", f"user{n}@example.nl", target_id=str(n)) for n in range(1, 251)]
    assert len(await target.find(known, Identifier.SKU)) == 250
    assert len(await shop.calls()) == 2

    await target.find(known[:1], Identifier.SKU)
    assert await shop.calls() == ["GET /users/1/"]


async def test_the_index_is_believed_for_ten_minutes(shop: RecordShop):
    now = [0.0]
    target = CcvCustomers(shop.client, CcvUserTarget(), lambda: now[0])
    assert await found(target, KEY) is None
    await shop.sim.load({"users": [user(7, username="jan@example.nl")]})
    assert await found(target, KEY) is None
    now[0] = 601

    assert await found(target, KEY) is not None


async def test_a_known_customer_that_was_removed_is_left_out(shop: RecordShop):
    assert await found(shop.target(RecordKind.CUSTOMERS), Key("c1", "jan@example.nl", target_id="999")) is None


async def test_removing_switches_off_or_deletes_and_may_be_repeated(shop: RecordShop):
    await shop.sim.load({"users": [user(7, username="jan@example.nl")]})
    target = shop.target(RecordKind.CUSTOMERS)
    existing = await found(target, KEY)
    assert existing is not None
    await target.remove(existing, Removal.ARCHIVE)
    assert (await shop.sim.record("users", 7))["status"] is False

    archived = await found(target, KEY)
    assert archived is not None
    await shop.calls()
    await target.remove(archived, Removal.ARCHIVE)
    assert await shop.calls() == []

    await target.remove(archived, Removal.DELETE)
    await target.remove(archived, Removal.DELETE)
    assert (await shop.sim.state("users"))["users"] == []


async def test_a_customer_removed_meanwhile_is_a_problem_of_its_own(shop: RecordShop):
    await shop.sim.load({"users": [user(7, username="jan@example.nl")]})
    target = shop.target(RecordKind.CUSTOMERS)
    existing = await found(target, KEY)
    await shop.sim.delete("users", 7)
    end = await written(target, KEY, existing, {"userinfo.reference": "10024"})

    assert sentence(end, ProblemCode.RECORD_GONE).startswith("10023: it was removed")
