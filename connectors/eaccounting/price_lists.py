"""Sales price lists: what both sides of group prices need to know of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from commerce.problems import Problem, ProblemCode
from connectors.eaccounting.api import LARGEST_PAGE, Api, Record
from connectors.eaccounting.article_view import barcode_of
from connectors.eaccounting.company import Company
from connectors.eaccounting.lookups import records_by_id

PRICES: Final = "/salespricelists/prices"
_LISTS: Final = "/salespricelists"
_PRO: Final = 5
_SEPARATOR: Final = ":"
_ARTICLES: Final = "/articles"
_OPERATION: Final = "read the numbers of articles"
_MOST_KEPT: Final = 150_000
_FEW: Final = 60
"""Articles that are looked up by id; more are cheaper to read with all others, a thousand at a call."""
_NAMED: Final = {"$select": "Id,Number,Barcodes"}


@dataclass(frozen=True)
class PriceList:
    """One price list: eAccounting's word for the prices of a group of customers."""

    list_id: str
    name: str
    currency: str
    active: bool
    standard: bool
    """Whether it holds everyone's prices."""


class PriceLists:
    """The price lists of the company. Source: Visma eAccounting API documentation, price lists (September 2026)."""

    def __init__(self, api: Api, company: Company) -> None:
        self._api = api
        self._company = company

    async def unavailable(self, code: ProblemCode) -> Problem | None:
        """Why the company has no price lists; None when it has them."""
        facts = await self._company.facts()
        if facts.variant == _PRO:
            return None
        return Problem(
            code=code,
            field="subscription",
            value=str(facts.variant),
            sentence=(
                f"Price lists of {facts.name}: its eAccounting subscription has none, only eAccounting Pro does."
                " Change the subscription to Pro, or switch the flow of customer-group prices off."
            ),
        )

    async def read(self) -> Mapping[str, PriceList]:
        """All lists, by id."""
        own = (await self._company.facts()).currency
        entries = await self._api.records(_LISTS, "read the price lists")
        return {
            str(entry["Id"]): PriceList(
                list_id=str(entry["Id"]),
                name=str(entry.get("Name") or entry.get("Number") or entry["Id"]),
                currency=str(entry.get("CurrencyCode") or own).upper(),
                active=entry.get("IsActive") is not False,
                standard=bool(entry.get("IsStandard")),
            )
            for entry in entries
        }


@dataclass(frozen=True)
class Named:
    """What an article is called."""

    number: str
    barcode: str


class ArticleNames:
    """Numbers and barcodes of articles, since prices name articles by id only; kept within bounds until forgotten."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known: dict[str, Named] = {}
        self._scanned = False

    def forget(self) -> None:
        """Read names anew: an article may have got another number."""
        self._known.clear()
        self._scanned = False

    async def of(self, article_ids: Sequence[str]) -> Mapping[str, Named]:
        """The articles that exist, by id."""
        if not self._scanned and len(self._missing(article_ids)) > _FEW:
            await self._scan()
        found = {article_id: self._known[article_id] for article_id in article_ids if article_id in self._known}
        missing = self._missing(article_ids)
        for article_id, article in (await records_by_id(self._api, _ARTICLES, missing, _OPERATION)).items():
            found[article_id] = _named(article)
            self._keep(article_id, found[article_id])
        return found

    def _missing(self, article_ids: Sequence[str]) -> list[str]:
        return [article_id for article_id in dict.fromkeys(article_ids) if article_id not in self._known]

    def _keep(self, article_id: str, named: Named) -> None:
        if len(self._known) < _MOST_KEPT:
            self._known[article_id] = named

    async def _scan(self) -> None:
        self._scanned = True
        number = 1
        while len(self._known) < _MOST_KEPT:
            page = await self._api.known_page(_ARTICLES, _OPERATION, _NAMED, number, LARGEST_PAGE)
            for article in page.records:
                self._keep(str(article["Id"]), _named(article))
            if number >= page.pages:
                return
            number += 1


def price_id(list_id: str, article_id: str) -> str:
    """What a price is called, as the vendor gives it no id."""
    return f"{list_id}{_SEPARATOR}{article_id}"


def split_price_id(given: str) -> tuple[str, str]:
    """Price list and article of a price."""
    list_id, _, article_id = given.partition(_SEPARATOR)
    return list_id, article_id


def _named(article: Record) -> Named:
    return Named(str(article.get("Number") or "").strip(), barcode_of(article))
