"""What is looked up about the company once and remembered for a while: its facts, account codings and countries."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Generic, TypeVar

from connectors.eaccounting.api import Api, Record

_REMEMBER_SECONDS: Final = 600
_HUNDRED: Final = Decimal(100)

Value = TypeVar("Value")


class Remembered(Generic[Value]):
    """A value that is fetched when needed and kept for some minutes."""

    def __init__(self, fetch: Callable[[], Awaitable[Value]]) -> None:
        self._fetch = fetch
        self._kept: tuple[float, Value] | None = None

    async def get(self) -> Value:
        """The value, at most ten minutes old."""
        if self._kept is None or time.monotonic() - self._kept[0] > _REMEMBER_SECONDS:
            self._kept = (time.monotonic(), await self._fetch())
        return self._kept[1]

    def forget(self) -> None:
        """Fetch it anew the next time."""
        self._kept = None


@dataclass(frozen=True)
class Facts:
    """Where the company is, what it counts in, and the terms of payment it gives by default."""

    name: str
    country: str
    currency: str
    terms_of_payment: str
    variant: int
    """Which subscription it has, as the vendor numbers them."""
    stock_module: bool
    """Whether the module is active that keeps the stock of articles; then only it may change balances."""


class Company:
    """The connected company."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._facts = Remembered(self._fetch_facts)
        self._rates = Remembered(self._fetch_rates)
        self._unknown: set[str] = set()
        self._eu = Remembered(self._fetch_eu)

    async def facts(self) -> Facts:
        """Name, country and currency."""
        return await self._facts.get()

    async def vat_rate(self, coding_id: str) -> Decimal | None:
        """The VAT percentage of an account coding; None when there is no such coding."""
        rates = await self._rates.get()
        if coding_id and coding_id not in rates and coding_id not in self._unknown:
            # It may have been added since; one that is unknown then as well is not asked for again.
            self._rates.forget()
            rates = await self._rates.get()
            self._unknown |= set() if coding_id in rates else {coding_id}
        return rates.get(coding_id)

    async def codings_at(self, rate: Decimal) -> list[str]:
        """Ids of the account codings of a VAT percentage."""
        return [coding_id for coding_id, known in (await self._rates.get()).items() if known == rate]

    async def is_eu_member(self, country: str) -> bool:
        """Whether a country belongs to the European Union."""
        return country in await self._eu.get()

    async def _fetch_facts(self) -> Facts:
        settings = await self._api.get("/companysettings", "read the company's settings")
        return Facts(
            name=str(settings.get("Name") or ""),
            country=str(settings.get("CountryCode") or "").upper(),
            currency=str(settings.get("CurrencyCode") or "").upper(),
            terms_of_payment=str(settings.get("TermsOfPaymentId") or ""),
            variant=int(settings.get("ProductVariant") or 0),
            stock_module=any(_names_stock(str(module)) for module in settings.get("ActivatedModules") or ()),
        )

    async def _fetch_rates(self) -> dict[str, Decimal]:
        codings = await self._api.records("/articleaccountcodings", "read the account codings")
        return {str(coding["Id"]): percentage(coding) for coding in codings}

    async def _fetch_eu(self) -> frozenset[str]:
        countries = await self._api.records("/countries", "read the countries")
        return frozenset(str(country["Code"]) for country in countries if country.get("IsEuMember"))


def _names_stock(module: str) -> bool:
    # What the modules are called is not published; those that are known are named after what they add.
    return any(word in module.lower() for word in ("stock", "inventory"))


def percentage(coding: Record) -> Decimal:
    """The VAT percentage of a coding; the vendor gives it as a fraction in some places and a percentage in others."""
    stated = Decimal(coding.get("VatRatePercent") or 0)
    return stated * _HUNDRED if stated < 1 else stated
