"""Customers: found by e-mail address and currency, created once, updated only where the order says otherwise."""

import time
from collections.abc import Mapping
from typing import Any, Final

from commerce.customer import Customer, CustomerKind
from commerce.order import Order
from commerce.problems import Problem, ProblemCode
from connectors.answers import Action
from connectors.eaccounting.api import Api, Record, answered, quoted
from connectors.eaccounting.company import Company
from connectors.eaccounting.customer_body import customer_body, email_of, is_company, missing
from connectors.eaccounting.errors import ANSWERS, refused
from connectors.eaccounting.settings import DefaultCustomerUse, EAccountingOrders
from connectors.errors import OutcomeUnknown, RecordGone, RecordRefused
from connectors.protocols import CustomerRef

_PATH: Final = "/customers"
_REMEMBER_SECONDS: Final = 60


class Customers:
    """The customer register. One customer per e-mail address and currency: an invoice's currency is its customer's.

    Of several that fit, active ones go first, then those of the buyer's kind (company or person), then the lowest
    number: the oldest is the one people know.
    """

    def __init__(self, api: Api, company: Company, settings: EAccountingOrders) -> None:
        self._api = api
        self._company = company
        self._settings = settings
        self._seen: dict[str, tuple[float, Record]] = {}

    async def plan(self, order: Order, known: str | None, *, update: bool) -> CustomerRef:
        """Which customer an order has, and what must be written of it; ``planned`` is the body of that write.

        Raises:
            RecordGone: Customer ``known`` was deleted at eAccounting.
            RecordRefused: The order lacks what a customer needs.
        """
        if self._takes_default(order):
            return await self._default(order)
        wanted = await customer_body(order, self._settings, self._company)
        stored = await self.read(known) if known is not None else await self._find_record(order)
        if stored is None:
            terms = self._settings.terms_of_payment or (await self._company.facts()).terms_of_payment
            return CustomerRef("", "", "created", {**wanted, "CurrencyCode": order.currency, "TermsOfPaymentId": terms})
        if not update or not _changes(stored, wanted):
            return _ref(stored, "found")
        # The whole record is replaced, so it must hold what people changed since it was last read.
        stored = await self._read_now(str(stored["Id"]))
        changed = _changes(stored, wanted)
        return _ref(stored, "updated", {**stored, **changed}) if changed else _ref(stored, "found")

    async def push(self, order: Order, plan: CustomerRef) -> CustomerRef:
        """Create or update the customer as planned.

        Raises:
            RecordGone: The customer was deleted at eAccounting meanwhile.
            RecordRefused: eAccounting refuses it.
            OutcomeUnknown: An answer was lost.
        """
        if plan.planned is None:
            return plan
        if plan.target_id:
            return await self._update(plan.target_id, plan.number, plan.planned)
        return await self._create(order, plan.planned)

    async def read(self, customer_id: str) -> Record:
        """A customer as it stood at eAccounting less than a minute ago. Raises `RecordGone`."""
        seen = self._seen.get(customer_id)
        if seen is not None and time.monotonic() - seen[0] < _REMEMBER_SECONDS:
            return seen[1]
        return await self._read_now(customer_id)

    def key(self, customer: Customer, currency: str) -> str:
        """What a binding remembers the customer by; empty where orders go to a default customer or have no e-mail."""
        use = self._settings.default_customer_use if self._settings.default_customer else None
        person = customer.kind is CustomerKind.PERSON or not customer.company.strip()
        if use is DefaultCustomerUse.EVERYONE or (use is DefaultCustomerUse.PERSONS and person):
            return ""
        email = customer.email_key()
        return f"{email}|{currency}" if email else ""

    def _takes_default(self, order: Order) -> bool:
        if not self._settings.default_customer:
            return False
        match self._settings.default_customer_use:
            case DefaultCustomerUse.EVERYONE:
                return True
            case DefaultCustomerUse.PERSONS:
                return not is_company(order) or not email_of(order)
            case DefaultCustomerUse.WITHOUT_EMAIL:
                return not email_of(order)

    async def _default(self, order: Order) -> CustomerRef:
        number = self._settings.default_customer
        found = await self._api.find(
            _PATH,
            f"find customer {number}",
            f"CustomerNumber eq {quoted(number)}",
            lambda customer: str(customer.get("CustomerNumber")) == number,
        )
        if not found:
            raise RecordRefused(_default_missing(order, number))
        return _ref(self._remember(found[0]), "default")

    async def _find_record(self, order: Order) -> Record | None:
        email = email_of(order)
        if not email:
            raise RecordRefused(missing(order, "email", "Enter it in the shop, or set a default customer"))
        spellings = dict.fromkeys((email, order.customer.email.strip()))
        expression = " or ".join(f"EmailAddress eq {quoted(spelling)}" for spelling in spellings)
        own_currency = (await self._company.facts()).currency

        def fits(customer: Record) -> bool:
            currency = str(customer.get("CurrencyCode") or own_currency)
            return str(customer.get("EmailAddress") or "").strip().lower() == email and currency == order.currency

        hits = await self._api.find(_PATH, "find the customer by e-mail address", expression, fits)
        private = not is_company(order)

        def rank(customer: Record) -> tuple[bool, bool, int, str]:
            number = str(customer.get("CustomerNumber") or "")
            return (
                not customer.get("IsActive", True),
                bool(customer.get("IsPrivatePerson")) is not private,
                len(number),
                number,
            )

        return self._remember(min(hits, key=rank)) if hits else None

    async def _create(self, order: Order, body: Mapping[str, Any]) -> CustomerRef:
        operation = f"create the customer of order {order.reference}"
        answer = await self._api.post(_PATH, operation, body, accept={Action.CONFLICT})
        if ANSWERS.classify(answer) is Action.CONFLICT:
            existing = await self._find_record(order)
            if existing is None:
                raise refused(answer, operation, writing=True)
            return _ref(existing, "found")
        created = answered(answer)
        if not created.get("Id"):
            existing = await self._find_record(order)
            if existing is None:
                raise OutcomeUnknown("eAccounting accepted a customer but does not show it yet.", settled=True)
            created = existing
        return _ref(self._remember(created), "created")

    async def _update(self, customer_id: str, number: str, body: Mapping[str, Any]) -> CustomerRef:
        answer = await self._api.put(f"{_PATH}/{customer_id}", f"update customer {number}", body, accept={Action.GONE})
        if ANSWERS.classify(answer) is Action.GONE:
            raise RecordGone("customer", customer_id)
        return _ref(self._remember({**body, **answered(answer)}), "updated")

    async def _read_now(self, customer_id: str) -> Record:
        try:
            return self._remember(await self._api.get(f"{_PATH}/{customer_id}", "read the customer"))
        except RecordGone as error:
            raise RecordGone("customer", customer_id) from error

    def _remember(self, customer: Record) -> Record:
        now = time.monotonic()
        self._seen = {key: seen for key, seen in self._seen.items() if now - seen[0] < _REMEMBER_SECONDS}
        self._seen[str(customer["Id"])] = (now, customer)
        return customer


def _changes(stored: Record, wanted: Record) -> Record:
    return {name: value for name, value in wanted.items() if _says_otherwise(stored.get(name), value)}


def _says_otherwise(stored: Any, wanted: Any) -> bool:
    """Whether the order states something else than what is stored; what it does not state changes nothing."""
    if wanted is None:
        return False
    return (stored or "") != wanted if isinstance(wanted, str) else bool(stored) is not wanted


def _ref(customer: Record, action: str, planned: Record | None = None) -> CustomerRef:
    return CustomerRef(str(customer["Id"]), str(customer.get("CustomerNumber") or ""), action, planned)


def _default_missing(order: Order, number: str) -> Problem:
    return Problem(
        code=ProblemCode.INVALID_VALUE,
        field="default_customer",
        value=number,
        sentence=(
            f"Order {order.reference}: the default customer {number} does not exist in eAccounting. Create it there or"
            " correct the setting, and retry."
        ),
    )
