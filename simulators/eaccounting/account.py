"""The state of one company's account: records per kind, number series and counters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable
from datetime import UTC
from decimal import Decimal
from itertools import count
from typing import Any, Final, TypeVar
from uuid import NAMESPACE_URL, uuid4, uuid5

from simulators.eaccounting.errors import BAD_FILTER, Refusal, not_found
from simulators.eaccounting.models import Record, Stored
from simulators.kit import Clock

VARIANT_PRO: Final = 5

_MOST_REMEMBERED: Final = 32
_Answer = TypeVar("_Answer")

MODEL_OF: Final[dict[str, str]] = {
    "customers": "Customer",
    "articles": "Article",
    "orders": "Order",
    "customerinvoicedrafts": "CustomerInvoiceDraft",
    "customerinvoices": "CustomerInvoice",
    "quotes": "Quote",
    "articleaccountcodings": "ArticleAccountCoding",
    "units": "Unit",
    "termsofpayments": "TermsOfPayment",
    "vatcodes": "VatCode",
    "bankaccounts": "BankAccount",
    "deliverymethods": "DeliveryMethod",
    "deliveryterms": "DeliveryTerm",
    "countries": "Country",
    "currencies": "Currency",
    "fiscalyears": "FiscalYear",
    "salespricelists": "SalesPriceList",
    "salespricelistrows": "SalesPriceListRow",
    "discountagreements": "DiscountAgreement",
    "articlelabels": "ArticleLabel",
    "customerlabels": "CustomerLabel",
    "accounts": "LedgerAccount",
    "vouchers": "Voucher",
}
"""The records an account holds, by the path they are read under, with the model of each."""

KEY_OF: Final[dict[str, str]] = {"countries": "Code", "currencies": "Code"}
"""Kinds that are not identified by a GUID, with the member that identifies them."""

NUMBER_OF: Final[dict[str, str]] = {"customers": "CustomerNumber", "articles": "Number"}
"""Kinds that are looked up by a number that people see, with the member that holds it."""

DOCUMENTS: Final = ("orders", "customerinvoicedrafts", "customerinvoices", "quotes")


def fixed_id(kind: str, name: str) -> str:
    """Give the same GUID for the same record on every run, so that settings can name it."""
    return str(uuid5(NAMESPACE_URL, f"eaccounting.example/{kind}/{name}"))


def _each(ids: str | tuple[str, ...]) -> tuple[str, ...]:
    return (ids,) if isinstance(ids, str) else ids


class Account:
    """Everything one company stores, with the helpers every handler needs.

    Args:
        clock: The simulator's clock.
        settings: The simulator's switches; read at every use, so a change counts at once.
    """

    def __init__(self, clock: Clock, settings: dict[str, Any]) -> None:
        self.clock = clock
        self.settings = settings
        self.tables: dict[str, dict[str, Stored]] = {kind: {} for kind in MODEL_OF}
        self.counters: Counter[str] = Counter()
        self.series: Counter[str] = Counter()
        self.payments: list[Record] = []
        self._sequence = count()
        self._last_stamp = ""
        # Ids by number without regard to capitals; an entry may be outdated, so every hit is checked.
        self._numbers: dict[str, dict[str, str | tuple[str, ...]]] = {kind: {} for kind in NUMBER_OF}
        self._remembered: dict[Hashable, Any] = {}

    @property
    def country(self) -> str:
        """The company's own country."""
        return str(self.settings["company"]["CountryCode"])

    @property
    def currency(self) -> str:
        """The company's own currency."""
        return str(self.settings["company"]["CurrencyCode"])

    def stamp(self) -> str:
        """Give the present moment as the vendor writes it, in milliseconds."""
        stamp = self.clock.now().astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
        if stamp != self._last_stamp:
            self._last_stamp = stamp
        return self._last_stamp

    def today(self) -> str:
        """Give today's date in UTC."""
        return self.clock.now().date().isoformat()

    def records(self, kind: str) -> list[Stored]:
        """Give all records of a kind in the order they were created."""
        return list(self.tables[kind].values())

    def get(self, kind: str, identity: str, *, in_path: bool = False) -> Stored:
        """Give one record.

        Raises:
            Refusal: 3000; with status 404 when the id stands in the path, else 400.
        """
        found = self.tables[kind].get(identity)
        if found is None and kind not in KEY_OF:
            found = self.tables[kind].get(identity.lower())
        if found is None:
            raise not_found(MODEL_OF[kind], identity, in_path=in_path)
        return found

    def require(self, kind: str, identity: str | None) -> None:
        """Check that an id named in a body exists; null passes.

        Raises:
            Refusal: 400 and 3000.
        """
        if identity is not None:
            self.get(kind, identity)

    def found_by(self, kind: str, member: str, wanted: Collection[Any]) -> list[Stored] | None:
        """Give the records with one of these values, in the order they were stored, without reading all of them.

        Args:
            kind: The kind of record.
            member: The member compared.
            wanted: The values, text in small letters.

        Returns:
            None when the account keeps no index on the member.
        """
        table = self.tables[kind]
        if member == "Id":
            found = [table[value] for value in wanted if value in table]
        elif member == NUMBER_OF.get(kind):
            index = self._numbers[kind]
            hits = {identity for value in wanted for identity in _each(index.get(value, ())) if identity in table}
            found = [table[identity] for identity in hits if str(table[identity][member]).casefold() in wanted]
        else:
            return None
        return sorted(found, key=lambda record: record.sequence)

    def numbered(self, kind: str, number: str) -> Stored | None:
        """Give the record with this customer or article number, without regard to capitals; None when there is none."""
        found = self.found_by(kind, NUMBER_OF[kind], {number.casefold()})
        return found[0] if found else None

    def index(self, kind: str, record: Record) -> None:
        """Make a record findable by its number; needed after every change of a number."""
        if kind in NUMBER_OF:
            number = str(record[NUMBER_OF[kind]]).casefold()
            known = self._numbers[kind].get(number, ())
            if not known:
                self._numbers[kind][number] = record["Id"]
            elif record["Id"] not in _each(known):
                self._numbers[kind][number] = (*_each(known), record["Id"])

    def remember(self, question: Hashable, answer: Callable[[], _Answer]) -> _Answer:
        """Give what was answered before, or work it out; everything is forgotten with the next change.

        Pages two and on of a list cost a slice that way, not another scan.
        """
        if question not in self._remembered:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[question] = answer()
        known: _Answer = self._remembered[question]
        return known

    def forget(self) -> None:
        """Forget remembered answers; called after everything that may change a record or a setting."""
        self._remembered.clear()

    def add(self, kind: str, values: Record, key: str | None = None) -> Stored:
        """Store a new record: an id, unless a key is given, and the moment of creation are given."""
        record = Stored(MODEL_OF[kind], values, next(self._sequence))
        if key is None:
            name = KEY_OF.get(kind, "Id")
            key = record[name] = record.get(name) or str(uuid4())
        for name in ("CreatedUtc", "ChangedUtc", "ModifiedUtc"):
            if name in record and record[name] is None:
                record[name] = self.stamp()
        self.tables[kind][key] = record
        self.index(kind, record)
        return record

    def created(self, kind: str, values: Record) -> Stored:
        """Store a record that a client asked for, and count it."""
        self.counters[f"created.{kind}"] += 1
        return self.add(kind, values)

    def touch(self, record: Record) -> None:
        """Set the moment of the last change on the member the kind has for it."""
        for name in ("ModifiedUtc", "ChangedUtc"):
            if name in record:
                record[name] = self.stamp()

    def next_number(self, series: str) -> int:
        """Give the next number of a series."""
        self.series[series] += 1
        return self.series[series]

    def coding(self, article: Record) -> Stored:
        """Give the account coding of an article."""
        return self.get("articleaccountcodings", article["CodingId"])

    def price_list_variant(self) -> bool:
        """Tell whether the company's product variant has price lists."""
        return bool(self.settings["product_variant"] == VARIANT_PRO)

    def rate_to_base(self, currency: str) -> Decimal:
        """Give the value of one unit of a currency in the company's currency."""
        if currency == self.currency:
            return Decimal(1)
        return Decimal(str(self.settings["currency_rates"].get(currency, "1")))

    def unfilterable(self) -> list[str]:
        """Give the members that the setting of that name makes refuse filters."""
        listed = self.settings["unfilterable"]
        if not isinstance(listed, list):
            raise Refusal(BAD_FILTER, "The setting unfilterable must be a list.")
        return listed
