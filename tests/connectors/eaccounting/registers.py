"""Take customers to the books as the engine does: map, find, compare, write what differs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from commerce.customer import Address, Customer, CustomerKind
from commerce.problems import Problem
from commerce.record import CustomerRecord
from connectors.eaccounting.customer_fields import EAccountingCustomers
from connectors.eaccounting.customer_source import CUSTOMER_SOURCE
from connectors.eaccounting.customer_target import CUSTOMER_TARGET, EAccountingCustomerTarget
from connectors.protocols import Identifier
from connectors.record_flow import compile_rules
from connectors.records import Change, Existing, Key, RecordKind, Written
from mapping.rules import Rule
from simulators.eaccounting.account import fixed_id
from tests.connectors.eaccounting.conftest import HOME, JAN, Office

TERMS = fixed_id("termsofpayments", "30 days net")
WORK = Address(
    name="An de Wit",
    company="Voorbeeld B.V.",
    street="Kade",
    number="8",
    postcode="3011 AA",
    city="Rotterdam",
    country="NL",
)
COMPANY = Customer(
    kind=CustomerKind.COMPANY,
    source_id="8",
    email="inkoop@example.nl",
    company="Voorbeeld B.V.",
    first_name="An",
    last_name="de Wit",
    phone="010-7654321",
    vat_number="NL 0044.95.445.B01",
    registration_number="12345678",
)


def registered(
    customer: Customer = JAN, billing: Address = HOME, shipping: Address | None = None, **changes: Any
) -> CustomerRecord:
    values = {
        "source_id": customer.source_id,
        "reference": customer.source_id,
        "customer": customer,
        "billing": billing,
        "shipping": billing if shipping is None else shipping,
        **changes,
    }
    return CustomerRecord(**values)


@dataclass
class CustomerFlow:
    """One customers flow into the office's books."""

    office: Office
    settings: dict[str, Any] = field(default_factory=dict)
    mapping: Sequence[Rule] = ()
    values: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        chosen = EAccountingCustomers.model_validate({"terms_of_payment": TERMS, **self.settings})
        self.target = EAccountingCustomerTarget(self.office.client, chosen)
        self.rules = compile_rules(RecordKind.CUSTOMERS, CUSTOMER_SOURCE, CUSTOMER_TARGET, chosen, self.mapping)

    async def find(self, record: CustomerRecord, target_id: str = "") -> Existing | Problem | None:
        found = await self.target.find([self.key(record, target_id)], Identifier.SKU)
        return found.get(record.source_id)

    def key(self, record: CustomerRecord, target_id: str = "") -> Key:
        details = {"currency": record.currency} if record.currency else {}
        return Key(record.source_id, record.customer.email_key(), target_id, details)

    def differing(self, record: CustomerRecord, existing: Existing | None) -> dict[str, Any]:
        mapped = self.rules.apply(
            record.model_dump(), lambda table, value: self.values.get(table, {}).get(value), creating=existing is None
        )
        return {
            name: value
            for name, value in mapped.values.items()
            if existing is None or not self.target.same(name, existing.values[name], value)
        }

    async def send(self, record: CustomerRecord, target_id: str = "") -> Written:
        existing = await self.find(record, target_id)
        assert not isinstance(existing, Problem), existing.sentence
        values = self.differing(record, existing)
        change = Change(record.source_id, record.reference, existing, values, self.key(record, target_id))
        [written] = await self.target.write([change])
        return written

    async def refused(self, record: CustomerRecord) -> Problem:
        problem = (await self.send(record)).problem
        assert problem is not None
        return problem
