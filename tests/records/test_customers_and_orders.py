"""Orders bring their buyers along while a flow of customers writes the same register: one customer per buyer."""

from tests.records.registers import debtor, debtors, to_books, user
from tests.shop_orders import shop_order
from tests.world import World

BUYERS = range(1001, 1013)


async def test_buyers_who_are_registered_too_become_one_customer_each(small_world: World):
    world = small_world
    await world.integrate(start=False)
    await world.map_payment("Ideal")
    await world.books.settings({"product_variant": 5})
    await world.books.load({"salespricelists": [{"Name": "Dealers"}]})
    (dealers,) = [one["Id"] for one in (await world.books.state())["salespricelists"] if one["Name"] == "Dealers"]
    flow = await world.add_flow("customers", source="shop", target_settings=await to_books(world))
    row = {"source_value": "4", "target_value": dealers}
    await world.api("PUT", f"/flows/{flow}/values/customer_group", row)
    await world.shop.load(
        {
            "usergroups": [{"id": 4, "groupname": "Dealer"}],
            "users": [{**user(number, f"Buyer{number}@example.nl"), "group_id": 4} for number in BUYERS],
            "orders": [shop_order(number) for number in BUYERS],
        }
    )
    # What is read and what is written lie apart in time, so the two flows meet at every buyer.
    await world.books.faults([{"fault": "slow", "when": "always", "path": "/customers", "seconds": 0.2}])

    await world.start()
    await world.settled(world.flow_id, seconds=120)
    await world.settled(flow, seconds=120)

    held = await debtors(world)
    assert set(held) == {f"buyer{number}@example.nl" for number in BUYERS}
    assert {one["SalesPriceListId"] for one in held.values()} == {dealers}
    numbers = {one["CustomerNumber"] for one in held.values()}
    assert {document["CustomerNumber"] for document in await world.documents()} == numbers


async def test_who_closed_an_account_and_still_buys_is_an_active_customer(small_world: World):
    world = small_world
    await world.ready()
    await world.books.load({"customers": [debtor("5000", "buyer1001@example.nl")]})
    accounts = [user(number, f"buyer{number}@example.nl") for number in (1001, 1002)]
    await world.shop.load({"users": [*accounts, user(1, "mia@example.nl")]})
    flow = await world.add_flow("customers", source="shop", target_settings=await to_books(world))
    await world.settled(flow)
    await world.deliver(shop_order(1002))
    await world.change_flow(flow, "customers", guard_percent=100)
    for number in (1001, 1002):
        await world.shop.delete("users", number)
    for _ in range(2):
        await world.run(flow)
    active = {email: one["IsActive"] for email, one in (await debtors(world)).items()}
    assert active == {"buyer1001@example.nl": False, "buyer1002@example.nl": False, "mia@example.nl": True}

    # One buys for the first time, the other again.
    again = {**shop_order(1003), "customer": shop_order(1002)["customer"]}
    standing = await world.deliver(shop_order(1001), again)
    assert (standing["done"], standing["parked"]) == (3, 0)
    held = await debtors(world)
    assert held["buyer1001@example.nl"]["CustomerNumber"] == "5000"
    assert held["buyer1001@example.nl"]["IsActive"] is True
    assert held["buyer1002@example.nl"]["IsActive"] is True
