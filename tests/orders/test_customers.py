"""Whose order it is: looked up, created or updated before the order is sent."""

from typing import Any

import pytest

from tests.shop_orders import shop_order
from tests.world import World

CUSTOMERS = "/v2/customers"


def order_of(number: int, email: str, **address: object) -> dict[str, object]:
    return shop_order(number, customer={"email": email}, address=address)


@pytest.mark.feature("ORD-14")
async def test_an_unknown_buyer_becomes_a_customer_and_a_known_one_is_brought_up_to_date(small_world: World):
    world = small_world
    await world.ready()
    await world.deliver(order_of(1001, "jan@example.nl"))
    [customer] = (await world.books.state())["customers"]
    assert (customer["EmailAddress"], customer["InvoiceAddress1"]) == ("jan@example.nl", "Dorpsstraat 3 A")
    writes = await world.writes()
    assert writes.index(f"POST {CUSTOMERS}") < writes.index("POST /v2/orders")

    await world.deliver(order_of(1002, "jan@example.nl", street="Kerkplein", housenumber=12))
    [updated] = (await world.books.state())["customers"]
    assert updated["Id"] == customer["Id"]
    assert updated["InvoiceAddress1"] == "Kerkplein 12 A"
    assert (await world.writes()).count(f"POST {CUSTOMERS}") == 1
    assert {document["CustomerId"] for document in await world.documents()} == {customer["Id"]}


@pytest.mark.feature("ORD-15", "ORD-16")
async def test_a_buyer_is_known_by_the_e_mail_address_whatever_its_case_and_blanks(small_world: World):
    world = small_world
    await world.connect()
    await world.books.load({"customers": [{"CustomerNumber": "77", "EmailAddress": "Known@Example.nl"}]})
    [known] = (await world.books.state())["customers"]
    await world.ready()
    standing = await world.deliver(
        order_of(1001, "known@example.nl"),
        order_of(1002, " KNOWN@example.NL "),
        order_of(1003, "A@example.nl"),
        order_of(1004, " a@example.nl  "),
        order_of(1005, "a@EXAMPLE.nl"),
    )
    assert standing["done"] == 5
    customers = {customer["Id"]: customer for customer in (await world.books.state())["customers"]}
    assert len(customers) == 2
    buyers = {document["BuyersOrderReference"]: document["CustomerId"] for document in await world.documents()}
    assert buyers["1001"] == buyers["1002"] == known["Id"]
    assert buyers["1003"] == buyers["1004"] == buyers["1005"] != known["Id"]
    assert customers[buyers["1003"]]["EmailAddress"] == "a@example.nl"


@pytest.mark.feature("ORD-18", "ORD-19")
async def test_a_company_name_makes_a_company_with_a_contact_and_none_makes_a_person(small_world: World):
    world = small_world
    await world.ready()
    await world.deliver(
        order_of(1001, "inkoop@example.nl", company="Fietsen B.V.", first_name="Mia", last_name="de Wit"),
        order_of(1002, "jan@example.nl"),
    )
    customers = {customer["EmailAddress"]: customer for customer in (await world.books.state())["customers"]}
    assert len(customers) == 2
    company = customers["inkoop@example.nl"]
    assert (company["Name"], company["IsPrivatePerson"]) == ("Fietsen B.V.", False)
    assert (company["ContactPersonName"], company["ContactPersonEmail"]) == ("Mia de Wit", "inkoop@example.nl")
    person = customers["jan@example.nl"]
    assert (person["Name"], person["IsPrivatePerson"]) == ("Jan Jansen", True)
    assert not person["ContactPersonName"]


async def texts_of(world: World, kind: str = "orders") -> dict[str, str]:
    """Everything that a document's fields and rows say of its buyer, by the shop's order number."""
    said = {}
    for document in world.stored(kind):
        fields = [str(value) for name, value in document.items() if name.startswith(("Invoice", "Delivery")) and value]
        said[document["BuyersOrderReference"]] = " ".join([*fields, *(row["Text"] for row in document["Rows"])])
    return said


@pytest.mark.feature("ORD-31")
async def test_with_a_default_customer_none_is_created_and_the_buyers_stay_on_their_documents(small_world: World):
    world = small_world
    await world.connect()
    await world.books.load({"customers": [{"CustomerNumber": "500", "Name": "Web shop", "IsPrivatePerson": True}]})
    [default] = (await world.books.state())["customers"]
    await world.ready(target={"default_customer": "500"})
    company: dict[str, Any] = {"company": "Fietsen B.V.", "city": "Assen"}
    standing = await world.deliver(
        order_of(1001, "jan@example.nl"), order_of(1002, "mia@example.nl", **company), order_of(1003, "jan@example.nl")
    )
    assert standing["done"] == 3, await world.problems()
    [still] = (await world.books.state())["customers"]
    assert still == default
    assert f"POST {CUSTOMERS}" not in await world.writes()
    assert {document["CustomerId"] for document in await world.documents()} == {default["Id"]}
    said = await texts_of(world)
    for part in ("Jan Jansen", "Dorpsstraat 3 A", "1234AB", "Utrecht"):
        assert part in said["1001"]
    assert all(part in said["1002"] for part in ("Fietsen B.V.", "Dorpsstraat 3 A", "Assen"))


@pytest.mark.feature("ORD-32")
async def test_with_a_collective_customer_for_persons_companies_still_get_their_own(small_world: World):
    world = small_world
    await world.connect()
    await world.books.load({"customers": [{"CustomerNumber": "500", "Name": "Consumers", "IsPrivatePerson": True}]})
    [collective] = (await world.books.state())["customers"]
    await world.ready(target={"default_customer": "500", "default_customer_use": "persons"})
    standing = await world.deliver(
        order_of(1001, "jan@example.nl"),
        order_of(1002, "inkoop@example.nl", company="Fietsen B.V."),
        order_of(1003, "piet@example.nl"),
    )
    assert standing["done"] == 3, await world.problems()
    [company] = [one for one in (await world.books.state())["customers"] if one["Id"] != collective["Id"]]
    assert (company["Name"], company["EmailAddress"]) == ("Fietsen B.V.", "inkoop@example.nl")
    assert {document["BuyersOrderReference"]: document["CustomerId"] for document in await world.documents()} == {
        "1001": collective["Id"],
        "1002": company["Id"],
        "1003": collective["Id"],
    }
