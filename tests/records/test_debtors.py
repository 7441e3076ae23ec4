"""Customers of the books become registered customers of the shop."""

from simulators.eaccounting.account import fixed_id
from tests.records.registers import debtor, texts, users
from tests.world import World

PRO = 5
DEALERS = fixed_id("salespricelists", "Dealers")
COMPANY = {
    "Name": "Café Zürich B.V.",
    "IsPrivatePerson": False,
    "Telephone": "0307654321",
    "InvoiceAddress1": "Kerkplein 12 B",
    "InvoicePostalCode": "3511AA",
    "ContactPersonName": "Mia de Wit",
    "CorporateIdentityNumber": "12345678",
    "VatNumber": "NL123456782B90",
    "DeliveryCustomerName": "Magazijn",
    "DeliveryAddress1": "Kade 9",
    "DeliveryPostalCode": "1011AB",
    "DeliveryCity": "Amsterdam",
    "DeliveryCountryCode": "NL",
    "price_list": "Dealers",
}


async def change(world: World, number: str, **members: object) -> None:
    await world.books.load({"customers": [{"CustomerNumber": number, **members}]})


async def test_a_debtor_becomes_a_registered_customer_and_follows_its_changes(small_world: World):
    world = small_world
    await world.connect()
    await world.books.settings({"product_variant": PRO})
    company = debtor("1001", "Inkoop@example.nl", **COMPANY)
    await world.books.load({"salespricelists": [{"Name": "Dealers"}], "customers": [company]})
    await world.shop.load({"usergroups": [{"id": 4, "groupname": "Dealer"}]})
    flow = await world.add_flow("customers", common={"gone": "archive"})
    row = {"source_value": DEALERS, "target_value": "4"}
    await world.api("PUT", f"/flows/{flow}/values/customer_group", row)
    await world.start()
    assert (await world.settled(flow))["done"] == 1
    held = (await users(world))["inkoop@example.nl"]
    assert (held["username"], held["group_id"], held["status"]) == ("inkoop@example.nl", 4, True)
    information = {"customertype": "b2b", "reference": "1001", "btw": "NL123456782B90", "kvk": "12345678"}
    assert {name: held["userinfo"][name] for name in information} == information
    billing = {
        "company": "Café Zürich B.V.",
        "first_name": "Mia",
        "last_name": "de Wit",
        "street": "Kerkplein",
        "housenumber": 12,
        "housenumber_suffix": "B",
        "zipcode": "3511AA",
        "city": "Utrecht",
        "country_code": "NL",
        "telephone": "0307654321",
    }
    assert {name: held["userinfo"]["billingaddress"][name] for name in billing} == billing
    delivery = {"street": "Kade", "housenumber": 9, "zipcode": "1011AB", "city": "Amsterdam", "country_code": "NL"}
    assert {name: held["userinfo"]["deliveryaddress"][name] for name in delivery} == delivery

    # One more is added, and one with an address that the shop knows already.
    await world.books.load(
        {"customers": [debtor("1002", "jan@example.nl"), debtor("1003", " INKOOP@example.nl", Name="Branch")]}
    )
    await change(world, "1001", Telephone="0201112223")
    standing = await world.run(flow)
    assert (standing["done"], standing["parked"]) == (3, 0)
    shown = await users(world)
    assert set(shown) == {"inkoop@example.nl", "jan@example.nl"}
    assert shown["jan@example.nl"]["userinfo"]["customertype"] == "b2c"
    changed = shown["inkoop@example.nl"]["userinfo"]["billingaddress"]
    assert changed == held["userinfo"]["billingaddress"] | {"telephone": "0201112223"}
    assert [text for text in await texts(world, flow, "1003") if text.startswith("Warning: 1003")]

    # A person of the books switches one off.
    await change(world, "1002", IsActive=False)
    await world.run(flow)
    assert (await users(world))["jan@example.nl"]["status"] is False
    passwords = (await world.shop.state("password_writes"))["password_writes"]
    assert set(passwords.values()) == {1}
