"""The state of one company's account: records per kind, number series and counters."""

from __future__ import annotations

from collections import Counter
from datetime import UTC
from decimal import Decimal
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid4, uuid5

from simulators.eaccounting.errors import BAD_FILTER, Refusal, not_found
from simulators.eaccounting.models import Record, blank
from simulators.kit import Clock

VARIANT_PRO: Final = 5

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
}
"""The records an account holds, by the path they are read under, with the model of each."""

KEY_OF: Final[dict[str, str]] = {"countries": "Code", "currencies": "Code"}
"""Kinds that are not identified by a GUID, with the member that identifies them."""

DOCUMENTS: Final = ("orders", "customerinvoicedrafts", "customerinvoices", "quotes")


def fixed_id(kind: str, name: str) -> str:
    """Give the same GUID for the same record on every run, so that settings can name it."""
    return str(uuid5(NAMESPACE_URL, f"eaccounting.example/{kind}/{name}"))


class Account:
    """Everything one company stores, with the helpers every handler needs.

    Args:
        clock: The simulator's clock.
        settings: The simulator's switches; read at every use, so a change counts at once.
    """

    def __init__(self, clock: Clock, settings: dict[str, Any]) -> None:
        self.clock = clock
        self.settings = settings
        self.tables: dict[str, dict[str, Record]] = {kind: {} for kind in MODEL_OF}
        self.counters: Counter[str] = Counter()
        self.series: Counter[str] = Counter()
        self.payments: list[Record] = []

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
        return self.clock.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    def today(self) -> str:
        """Give today's date in UTC."""
        return self.clock.now().date().isoformat()

    def records(self, kind: str) -> list[Record]:
        """Give all records of a kind in the order they were created."""
        return list(self.tables[kind].values())

    def get(self, kind: str, identity: str, *, in_path: bool = False) -> Record:
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

    def add(self, kind: str, values: Record) -> Record:
        """Store a new record: blank members are filled in, an id and the moment of creation are given."""
        model = MODEL_OF[kind]
        record = {**blank(model), **values}
        key = KEY_OF.get(kind, "Id")
        record[key] = record.get(key) or str(uuid4())
        for name in ("CreatedUtc", "ChangedUtc", "ModifiedUtc"):
            if name in record and record[name] is None:
                record[name] = self.stamp()
        self.tables[kind][record[key]] = record
        return record

    def created(self, kind: str, values: Record) -> Record:
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

    def coding(self, article: Record) -> Record:
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
