"""Customers of the books on their way out, and lists that change while they are read."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from commerce.customer import CustomerKind
from commerce.record import CustomerRecord
from connectors.eaccounting.addresses import read_address
from connectors.eaccounting.customer_source import EAccountingCustomerRegister
from connectors.protocols import ReadFrom
from tests.connectors.eaccounting.conftest import Office

EVERYTHING = ReadFrom(None, None, timedelta(0))


def customer(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "CustomerNumber": str(number),
        "Name": f"Buyer {number}",
        "IsPrivatePerson": True,
        "EmailAddress": f"buyer{number}@example.nl",
        "ChangedUtc": f"2026-03-02T10:00:{number:02d}Z",
        **changes,
    }


async def read_all(
    register: EAccountingCustomerRegister, start: ReadFrom = EVERYTHING, size: int = 3
) -> tuple[list[CustomerRecord], str | None]:
    records: list[CustomerRecord] = []
    page: str | None = None
    while True:
        read = await register.list_records(start, page, size)
        records += [record for record in read.records if isinstance(record, CustomerRecord)]
        page = read.next_page
        if page is None:
            return records, read.cursor


async def test_a_company_is_read_with_its_contact_address_and_price_list(office: Office):
    await office.simulation.settings({"product_variant": 5})
    await office.simulation.load(
        {
            "salespricelists": [{"Name": "Dealers"}],
            "customers": [
                customer(
                    1,
                    Name="Voorbeeld B.V.",
                    IsPrivatePerson=False,
                    ContactPersonName="An de Wit",
                    VatNumber="NL004495445B01",
                    Telephone="010-7654321",
                    InvoiceAddress1="Kade 8 b",
                    InvoiceAddress2="Gebouw C",
                    InvoicePostalCode="3011 AA",
                    InvoiceCity="Rotterdam",
                    price_list="Dealers",
                )
            ],
        }
    )
    [record], cursor = await read_all(EAccountingCustomerRegister(office.client))
    assert cursor is not None
    assert (record.reference, record.number, record.currency, record.active) == ("1", "1", "EUR", True)
    assert record.customer.kind is CustomerKind.COMPANY
    assert (record.customer.company, record.customer.first_name, record.customer.last_name) == (
        "Voorbeeld B.V.",
        "An",
        "de Wit",
    )
    assert (record.billing.street, record.billing.number, record.billing.addition) == ("Kade", "8", "b Gebouw C")
    assert (record.billing.postcode, record.billing.city, record.billing.country) == ("3011 AA", "Rotterdam", "NL")
    assert record.group == record.raw["SalesPriceListId"]
    assert record.group


async def test_what_changes_while_it_is_read_is_missed_by_no_page(office: Office):
    await office.simulation.load({"customers": [customer(number) for number in range(10)]})
    register = EAccountingCustomerRegister(office.client)
    first = await register.list_records(EVERYTHING, None, 3)
    assert (len(first.records), first.total) == (3, 10)
    changed = first.records[0].source_id
    await office.simulation.patch("customers", changed, {"ChangedUtc": "2026-03-02T11:00:00Z"})
    seen: list[str] = []
    page = first.next_page
    while page is not None:
        read = await register.list_records(EVERYTHING, page, 3)
        seen += [record.reference for record in read.records]
        page = read.next_page
    assert {"3", "4", "5", "6", "7", "8", "9"} <= set(seen)
    assert "0" in seen


async def test_many_changes_of_one_second_are_all_read(office: Office):
    same = "2026-03-02T10:00:00Z"
    await office.simulation.load({"customers": [customer(number, ChangedUtc=same) for number in range(8)]})
    records, _ = await read_all(EAccountingCustomerRegister(office.client))
    assert {record.reference for record in records} == {str(number) for number in range(8)}


async def test_a_cursor_reads_on_where_the_last_read_began(office: Office):
    await office.simulation.set_now("2026-03-02T10:30:00Z")
    await office.simulation.load({"customers": [customer(number) for number in range(4)]})
    register = EAccountingCustomerRegister(office.client)
    _, cursor = await read_all(register)
    assert cursor == "2026-03-02T10:30:00Z"
    await office.simulation.load({"customers": [customer(5, ChangedUtc="2026-03-02T10:29:00Z")]})
    assert await read_all(register, ReadFrom(cursor, None, timedelta(0))) == ([], cursor)
    late, _ = await read_all(register, ReadFrom(cursor, None, timedelta(minutes=2)))
    assert [record.reference for record in late] == ["5"]
    begun = ReadFrom(None, datetime(2026, 3, 2, 10, 0, 3, tzinfo=UTC), timedelta(0))
    assert [record.reference for record in (await read_all(register, begun))[0]] == ["3", "5"]
    assert register.cursor_at(datetime(2026, 3, 2, 10, 30, tzinfo=UTC)) == cursor


@pytest.mark.parametrize("unfilterable", [[], ["Id"]])
async def test_named_customers_are_read_and_deleted_ones_said(office: Office, unfilterable: list[str]):
    await office.simulation.settings({"unfilterable": unfilterable})
    await office.simulation.load({"customers": [customer(1), customer(2)]})
    ids = [one["Id"] for one in (await office.simulation.state())["customers"]]
    gone = "00000000-0000-4000-8000-000000000009"
    page = await EAccountingCustomerRegister(office.client).read_records([*ids, gone])
    assert sorted(record.reference for record in page.records) == ["1", "2"]
    assert list(page.removed) == [gone]


@pytest.mark.parametrize(
    ("line", "street", "number", "addition"),
    [
        ("Dorpsstraat 12 a", "Dorpsstraat", "12", "a"),
        ("Dorpsstraat 12-14", "Dorpsstraat", "12", "14"),
        ("1e Dwarsstraat 5", "1e Dwarsstraat", "5", ""),
        ("Straße des 17. Juni 135", "Straße des 17. Juni", "135", ""),
        ("12 Main Street", "12 Main Street", "", ""),
        ("Villa Nova", "Villa Nova", "", ""),
        ("", "", "", ""),
    ],
)
def test_a_street_is_taken_apart(line: str, street: str, number: str, addition: str):
    address = read_address({"InvoiceAddress1": line}, "Invoice", "Jan", company=False)
    assert (address.street, address.number, address.addition) == (street, number, addition)
