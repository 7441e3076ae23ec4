"""Registered customers of the shop become customers of the books, apart from orders."""

from pathlib import Path

import pytest

from tests.records.registers import debtor, debtors, everything_written, move, texts, to_books, user, users
from tests.shop_orders import shop_order
from tests.world import World

COMPANY = {
    "company": "Café Zürich B.V.",
    "first_name": "Mia",
    "last_name": "de Wit",
    "street": "Kerkplein",
    "housenumber": 12,
    "housenumber_suffix": "B",
    "zipcode": "3511AA",
    "telephone": "0307654321",
}
STORE = {"full_name": "Magazijn", "street": "Kade", "housenumber": 9, "zipcode": "1011AB", "city": "Amsterdam"}


@pytest.mark.feature("CUS-01", "CUS-02", "CUS-04", "CUS-10", "CUS-11", "MAP-01")
async def test_a_registered_customer_becomes_a_debtor_and_follows_its_changes(small_world: World):
    world = small_world
    await world.connect()
    delivery = {**STORE, "country_code": "NL"}
    company = user(
        7, "Inkoop@example.nl", address=COMPANY, btw="NL123456782B90", kvk="12345678", deliveryaddress=delivery
    )
    await world.shop.load({"users": [company]})
    flow = await world.add_flow("customers", source="shop", target_settings=await to_books(world))
    await world.start()
    assert (await world.settled(flow))["done"] == 1
    golden = {
        "Name": "Café Zürich B.V.",
        "IsPrivatePerson": False,
        "EmailAddress": "inkoop@example.nl",
        "Telephone": "0307654321",
        "InvoiceAddress1": "Kerkplein 12 B",
        "InvoicePostalCode": "3511AA",
        "InvoiceCity": "Utrecht",
        "InvoiceCountryCode": "NL",
        "DeliveryCustomerName": "Magazijn",
        "DeliveryAddress1": "Kade 9",
        "DeliveryPostalCode": "1011AB",
        "DeliveryCity": "Amsterdam",
        "DeliveryCountryCode": "NL",
        "ContactPersonName": "Mia de Wit",
        "ContactPersonEmail": "inkoop@example.nl",
        "ContactPersonPhone": "0307654321",
        "CorporateIdentityNumber": "12345678",
        "VatNumber": "NL123456782B90",
        "CurrencyCode": "EUR",
        "IsActive": True,
    }
    held = await debtors(world)
    assert {name: held["inkoop@example.nl"][name] for name in golden} == golden
    assert await world.documents() == []

    # Somebody registers.
    await world.shop.load({"users": [user(8, "jan@example.nl")]})
    await world.run(flow)
    person = (await debtors(world))["jan@example.nl"]
    assert (person["Name"], person["IsPrivatePerson"]) == ("Jan Jansen", True)
    assert (person["ContactPersonName"], person["VatNumber"]) == (None, None)
    assert person["DeliveryAddress1"] == person["InvoiceAddress1"] == "Dorpsstraat 3"

    await move(world, 8, telephone="0201112223")
    await world.run(flow)
    assert (await debtors(world))["jan@example.nl"]["Telephone"] == "0201112223"
    await world.change_flow(flow, "customers", update=False)
    await move(world, 8, telephone="0203334445")
    await world.shop.load({"users": [user(9, "piet@example.nl")]})
    await world.run(flow)
    held = await debtors(world)
    assert held["jan@example.nl"]["Telephone"] == "0201112223"
    assert set(held) == {"inkoop@example.nl", "jan@example.nl", "piet@example.nl"}
    await world.change_flow(flow, "customers", update=True)
    await world.run(flow)
    assert (await debtors(world))["jan@example.nl"] == person | {
        "Telephone": "0203334445",
        "ChangedUtc": (await debtors(world))["jan@example.nl"]["ChangedUtc"],
    }
    writes = await world.writes()
    await world.run(flow)
    assert await world.writes() == writes


@pytest.mark.feature("CUS-03")
async def test_two_registered_customers_with_one_address_are_one_debtor(small_world: World):
    world = small_world
    await world.connect()
    first = user(7, "Jose@Example.nl", address={"first_name": "José", "last_name": "Muñoz"})
    second = user(8, " jose@EXAMPLE.nl ", address={"first_name": "JOSE", "last_name": "MUNOZ", "telephone": "06"})
    others = [user(number, f"buyer{number}@example.nl") for number in range(10, 30)]
    await world.shop.load({"users": [first, second, *others]})
    common = {"gone": "archive"}
    flow = await world.add_flow("customers", source="shop", common=common, target_settings=await to_books(world))
    await world.start()
    standing = await world.settled(flow)
    assert (standing["done"], standing["parked"]) == (22, 0)
    held = await debtors(world)
    assert len(held) == 21
    jose = held["jose@example.nl"]
    assert (jose["Name"], jose["Telephone"]) == ("José Muñoz", "0301234567")
    (warning,) = [text for text in await texts(world, flow, "8") if "e-mail address" in text]
    assert "source record 7" in warning
    assert jose["CustomerNumber"] in warning
    assert not [text for text in await texts(world, flow, "7") if "source record" in text]

    # The first one's data counts, however often either of them is looked at.
    writes = await world.writes()
    await move(world, 8, telephone="0698765432")
    await world.run(flow)
    await world.api("POST", f"/integrations/{world.integration_id}/resync", {"flow_id": flow, "everything": True})
    await world.run(flow)
    assert await world.writes() == writes

    # The first one leaves: the debtor is still the second one's, whose data counts from now on.
    await world.shop.delete("users", 7)
    await world.run(flow)
    await world.run(flow)
    jose = (await debtors(world))["jose@example.nl"]
    assert (jose["IsActive"], jose["Name"]) == (True, "José Muñoz")
    await move(world, 8, telephone="0612345678")
    await world.run(flow)
    renamed = (await debtors(world))["jose@example.nl"]
    assert (renamed["Id"], renamed["Name"], renamed["Telephone"]) == (jose["Id"], "JOSE MUNOZ", "0612345678")

    # A third one shares the address for a while, and then has one of its own.
    await world.shop.load({"users": [user(9, "JOSE@example.nl")]})
    await world.run(flow)
    assert len(await debtors(world)) == 21
    await world.shop.load({"users": [{"id": 9, "userinfo": {"email": "own@example.nl"}}]})
    await world.run(flow)
    held = await debtors(world)
    assert held["own@example.nl"]["Name"] == "Jan Jansen"
    assert held["jose@example.nl"]["Name"] == "JOSE MUNOZ"


async def test_no_address_or_name_of_a_customer_is_kept_in_clear(small_world: World, tmp_path: Path):
    world = small_world
    await world.connect()
    canaries = [f"canary-{kind}@example.nl" for kind in ("person", "twin", "vat", "place")]
    person, twin, vat, place = (user(number, email) for number, email in enumerate(canaries, 1))
    vat["userinfo"] |= {"btw": "NL123456783B90"}
    vat["userinfo"]["billingaddress"]["company"] = "Fietsen B.V."
    place["userinfo"]["billingaddress"]["city"] = ""
    again = user(5, canaries[1].upper())
    # Customers' numbers are free text: whatever a merchant typed there is not what the ledger calls the customer.
    for number, one in enumerate([person, twin, vat, place, again]):
        one["userinfo"]["reference"] = f"Canary-{number} Vogel"
    await world.shop.load({"users": [person, twin, vat, place, again]})
    flow = await world.add_flow("customers", source="shop", target_settings=await to_books(world))
    await world.start()
    standing = await world.settled(flow)
    assert (standing["done"], standing["parked"]) == (3, 2)
    written = everything_written(tmp_path)
    assert world.integration_id.encode() in written
    assert b"canary-" not in written.lower()
    assert b"@example." not in written
    shown = [item["reference"] for item in await world.items(flow_id=flow)]
    assert sorted(shown) == ["1", "2", "3", "4", "5"]


async def test_no_address_or_name_of_a_debtor_is_kept_in_clear(small_world: World, tmp_path: Path):
    world = small_world
    await world.connect()
    known = user(7, "canary-known@example.nl", reference="Canary-7 Vogel")
    wrong = {"IsPrivatePerson": False, "VatNumber": "NL123456783B90"}
    await world.shop.load({"users": [known]})
    await world.books.load(
        {
            "customers": [
                debtor("1", "canary-known@example.nl", Name="Canary-1 Vogel"),
                debtor("2", "canary-new@example.nl", Name="Canary-2 Vogel"),
                debtor("3", "canary-wrong@example.nl", Name="Canary-3 Vogel", **wrong),
            ]
        }
    )
    flow = await world.add_flow("customers")
    await world.start()
    standing = await world.settled(flow)
    assert (standing["done"], standing["parked"]) == (2, 1)
    written = everything_written(tmp_path)
    assert b"canary-" not in written.lower()
    assert b"@example." not in written


async def test_a_customer_that_cannot_be_right_waits_and_goes_on_when_it_is_corrected(small_world: World):
    world = small_world
    await world.connect()
    wrong, other = (
        user(number, f"buyer{number}@example.nl", address=COMPANY, btw="NL123456783B90") for number in (7, 8)
    )
    homeless = user(9, "homeless@example.nl", address={"city": ""})
    nameless = user(10, "")
    nameless["username"] = "nameless"
    await world.shop.load({"users": [wrong, other, homeless, nameless, user(11, "jan@example.nl")]})
    flow = await world.add_flow("customers", source="shop", target_settings=await to_books(world))
    await world.start()
    standing = await world.settled(flow)
    assert (standing["done"], standing["parked"]) == (1, 4)
    said = {}
    for item in await world.items(flow_id=flow, state="parked"):
        problem = (await world.api("GET", f"/items/{item['id']}"))["problem"]
        said[item["reference"]] = (problem["field"], problem["sentence"])
    assert said["7"][0] == "vat_number"
    assert all(words in said["7"][1] for words in ("Customer 7", "NL123456783B90", "Correct it"))
    assert (said["9"][0], "Customer 9" in said["9"][1]) == ("city", True)
    assert (said["10"][0], "Customer 10" in said["10"][1]) == ("email", True)

    await world.shop.load({"users": [{"id": 7, "userinfo": {"btw": "NL123456782B90"}}]})
    await world.run(flow)
    assert set(await debtors(world)) == {"jan@example.nl", "buyer7@example.nl"}
    await world.change_flow(flow, "customers", check_vat_number=False)
    await world.change_flow(flow, "target", default_city="Utrecht")
    await world.run(flow)
    held = await debtors(world)
    assert held["homeless@example.nl"]["InvoiceCity"] == "Utrecht"
    assert held["buyer8@example.nl"]["VatNumber"] == "NL123456783B90"
    assert [item["reference"] for item in await world.items(flow_id=flow, state="parked")] == ["10"]


@pytest.mark.feature("CUS-05")
async def test_a_move_without_an_order_needs_the_customers_flow(small_world: World):
    world = small_world
    await world.ready()
    await world.shop.load({"users": [user(7, "buyer1001@example.nl")]})
    flow = await world.add_flow("customers", source="shop", target_settings=await to_books(world))
    await world.settled(flow)
    await world.api("POST", f"/flows/{flow}/disable")
    order = {"user": {"id": 7}}
    await world.deliver(shop_order(1001, **order))
    (debtor,) = (await debtors(world)).values()
    assert debtor["InvoiceAddress1"] == "Dorpsstraat 3 A"

    await move(world, 7, street="Kade", housenumber=9)
    await world.run()
    assert (await debtors(world))["buyer1001@example.nl"]["InvoiceAddress1"] == "Dorpsstraat 3 A"
    # The next order brings the address that it was placed with.
    address = {"street": "Laan", "housenumber": 1, "housenumber_suffix": ""}
    await world.deliver(shop_order(1002, customer={"email": "buyer1001@example.nl"}, address=address, **order))
    assert (await debtors(world))["buyer1001@example.nl"]["InvoiceAddress1"] == "Laan 1"

    await world.api("POST", f"/flows/{flow}/enable")
    await world.run(flow)
    (moved,) = (await debtors(world)).values()
    assert (moved["Id"], moved["InvoiceAddress1"]) == (debtor["Id"], "Kade 9")


@pytest.mark.feature("CUS-07")
async def test_new_debtors_get_what_the_books_ask_for(small_world: World):
    world = small_world
    await world.connect()
    await world.books.load({"customerlabels": [{"Name": "Web shop"}]})
    flow = await world.add_flow(
        "customers",
        source="shop",
        target_settings=await to_books(world, label="Web shop", vat_treatment={"BE": "delivery"}),
    )
    belgian = user(8, "belgian@example.be", address={"country_code": "BE", "zipcode": "1000", "city": "Brussel"})
    await world.shop.load({"users": [user(7, "jan@example.nl"), belgian]})
    await world.start()
    await world.settled(flow)
    held = await debtors(world)
    for one in held.values():
        assert one["TermsOfPaymentId"] == await world.terms()
        assert [label["Name"] for label in one["CustomerLabels"]] == ["Web shop"]
    # The books keep no tax code on a debtor; how its VAT is worked out is the nearest.
    assert {email: one["DeliveryBasedVat"] for email, one in held.items()} == {
        "jan@example.nl": False,
        "belgian@example.be": True,
    }

    await world.api("POST", f"/flows/{flow}/disable")
    await world.change_flow(flow, "target", terms_of_payment="")
    refusal = await world.api("POST", f"/flows/{flow}/enable", status=409)
    assert "“Terms of payment”" in refusal["detail"]
    assert (await world.api("GET", f"/flows/{flow}"))["enabled"] is False


@pytest.mark.feature("CUS-06")
async def test_a_debtor_added_in_the_books_appears_in_the_shop_and_does_not_come_back(small_world: World):
    world = small_world
    await world.connect()
    there = await world.add_flow("customers")
    back = await world.add_flow("customers", source="shop", target_settings=await to_books(world))
    await world.start()
    for flow in (there, back):
        await world.settled(flow)
    delivery = {
        "DeliveryCustomerName": "Magazijn",
        "DeliveryAddress1": "Kade 9",
        "DeliveryPostalCode": "1011AB",
        "DeliveryCity": "Amsterdam",
        "DeliveryCountryCode": "NL",
    }
    await world.books.load({"customers": [debtor("1001", "piet@example.nl", Telephone="0301112223", **delivery)]})
    await world.shop.load({"users": [user(7, "jan@example.nl")]})
    assert (await world.run(there))["done"] == 1
    piet = (await users(world))["piet@example.nl"]
    assert (piet["username"], piet["status"]) == ("piet@example.nl", True)
    billing = {"first_name": "Jan", "last_name": "Jansen", "telephone": "0301112223", "city": "Utrecht"}
    assert {name: piet["userinfo"]["billingaddress"][name] for name in billing} == billing
    debtor_before = (await debtors(world))["piet@example.nl"]

    # The other direction sends what began in the shop, and leaves what came from the books alone.
    await world.run(back)
    held = await debtors(world)
    assert set(held) == {"piet@example.nl", "jan@example.nl"}
    assert held["piet@example.nl"] == debtor_before
    await world.run(there)
    await world.run(back)
    assert set(await users(world)) == {"piet@example.nl", "jan@example.nl"}
    assert (await users(world))["piet@example.nl"] == piet
    assert await debtors(world) == held


async def test_a_debtor_without_a_delivery_address_gets_none_from_its_own_echo(small_world: World):
    world = small_world
    await world.connect()
    there = await world.add_flow("customers")
    back = await world.add_flow("customers", source="shop", target_settings=await to_books(world))
    await world.start()
    for flow in (there, back):
        await world.settled(flow)
    await world.books.load({"customers": [debtor("1001", "piet@example.nl")]})
    await world.run(there)
    before = await debtors(world)
    await world.run(back)
    assert await debtors(world) == before

    # What the customer adds in the shop is no echo.
    (registered,) = (await world.shop.state("users"))["users"]
    moved = {**STORE, "country_code": "NL"}
    await world.shop.load({"users": [{"id": registered["id"], "userinfo": {"deliveryaddress": moved}}]})
    await world.run(back)
    held = (await debtors(world))["piet@example.nl"]
    assert (held["DeliveryAddress1"], held["DeliveryCity"]) == ("Kade 9", "Amsterdam")


@pytest.mark.feature("CUS-12")
async def test_no_number_of_customers_stops_the_run(small_world: World):
    world = small_world
    await world.connect()
    count = 300
    await world.shop.load({"users": [user(number, f"buyer{number}@example.nl") for number in range(1, count + 1)]})
    flow = await world.add_flow("customers", source="shop", target_settings=await to_books(world))
    await world.start()
    standing = await world.settled(flow, seconds=120)
    assert (standing["runs"], standing["listed"], standing["done"]) == (1, count, count)
    assert len(await debtors(world)) == count
