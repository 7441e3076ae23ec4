"""Hand out how much there is of every article. Whether a movement counts as a change is unknown, so all is read."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from pydantic import BaseModel

from commerce.record import StockLevel
from connectors import exact_json
from connectors.client import VendorClient
from connectors.declaration import RecordSourceDeclaration
from connectors.eaccounting.api import LARGEST_PAGE, Api, ListPage, Record
from connectors.eaccounting.article_settings import StockSettings
from connectors.eaccounting.article_view import barcode_of, decimal_of
from connectors.eaccounting.company import Company
from connectors.eaccounting.lookups import records_by_id
from connectors.errors import RecordRefused
from connectors.protocols import ReadDeclaration, ReadFrom, RefusedListing
from connectors.records import RecordPage
from mapping.fields import Field, FieldKind

_PATH: Final = "/articles"
_OPERATION: Final = "read the stock"
_FIGURES: Final = {
    "available": "StockBalanceAvailable",
    "balance": "StockBalance",
    "reserved": "StockBalanceReserved",
}
_SELECTED: Final = (
    "Id",
    "Number",
    "Name",
    "Barcodes",
    "IsActive",
    "IsStock",
    "IsServiceArticle",
    "StockLocationReference",
    *_FIGURES.values(),
)
_SELECT: Final = {"$select": ",".join(_SELECTED)}
_ACTIVE: Final = {**_SELECT, "$filter": "IsActive eq true", "$orderby": "Id"}


class StockSource:
    """`RecordSource` of stock levels: one per active article that is no service, always all of them.

    With the stock module, articles that it does not keep are handed out as not managed.
    """

    def __init__(self, client: VendorClient) -> None:
        self._api = Api(client)
        self._company = Company(self._api)

    async def list_records(self, start: ReadFrom, page: str | None, size: int) -> RecordPage:
        """One page. ``start`` has no effect: there is no filter for movements."""
        del start
        number, narrowed = (1, True) if page is None else exact_json.loads(page)
        answer, narrowed = await self._page(number, narrowed, min(size, LARGEST_PAGE))
        levels, refused = await self._levels(answer.records)
        following = exact_json.dumps([number + 1, narrowed]) if number < answer.pages else None
        return RecordPage(levels, None, following, refused, answer.total)

    async def read_records(self, source_ids: Sequence[str]) -> RecordPage:
        """The stock of the named articles."""
        found = await records_by_id(self._api, _PATH, source_ids, _OPERATION)
        levels, refused = await self._levels([_selected(article) for article in found.values()])
        shown = {level.source_id for level in levels} | {entry.source_id for entry in refused}
        removed = [source_id for source_id in source_ids if source_id not in shown]
        return RecordPage(levels, refused=refused, total=len(levels), removed=removed)

    def cursor_at(self, moment: datetime) -> str | None:
        """None: every read is of everything."""
        del moment
        return None

    async def own_fields(self) -> Sequence[Field]:
        """What is read of an article's stock."""
        return tuple(Field(f"raw.{name}", name) for name in _SELECTED)

    async def _page(self, number: int, narrowed: bool, size: int) -> tuple[ListPage, bool]:
        if narrowed:
            answer = await self._api.page(_PATH, _OPERATION, _ACTIVE, number, size)
            if answer is not None:
                return answer, True
        return await self._api.known_page(_PATH, _OPERATION, _SELECT, number, size), False

    async def _levels(self, articles: Sequence[Record]) -> tuple[list[StockLevel], list[RefusedListing]]:
        module = (await self._company.facts()).stock_module
        levels: list[StockLevel] = []
        refused: list[RefusedListing] = []
        for article in articles:
            if not article.get("IsActive", True) or article.get("IsServiceArticle"):
                continue
            try:
                levels.append(_level(article, module))
            except RecordRefused as refusal:
                refused.append(RefusedListing(str(article.get("Id") or ""), refusal.problem.sentence, article))
        return levels, refused


def _level(article: Record, module: bool) -> StockLevel:
    number = str(article.get("Number") or "").strip()
    reference = number or str(article.get("Name") or article.get("Id") or "")
    figures = {name: decimal_of(article, member, f"Article {reference}") for name, member in _FIGURES.items()}
    barcode = barcode_of(article)
    return StockLevel(
        source_id=str(article.get("Id") or ""),
        reference=reference,
        raw={**article, "Barcode": barcode},
        sku=number,
        ean=barcode,
        figures={name: Decimal(0) if figure is None else figure for name, figure in figures.items()},
        managed=bool(article.get("IsStock")) or not module,
    )


def _selected(article: Record) -> Record:
    return {name: article.get(name) for name in _SELECTED}


def _open(client: VendorClient, _connection: BaseModel, _settings: BaseModel) -> StockSource:
    return StockSource(client)


STOCK_SOURCE: Final = RecordSourceDeclaration(
    open=_open,
    settings=StockSettings,
    read=ReadDeclaration(cursor_field="", lag=timedelta(0), sees_changes=False),
    fields=(
        Field("sku", "Article number"),
        Field("ean", "Barcode (EAN)"),
        Field("figures", "Figures", FieldKind.MAPPING, description="available, balance and reserved."),
        Field("managed", "Stock is kept", FieldKind.BOOLEAN),
    ),
    calculations={
        "available": "Available: the balance less what orders have reserved",
        "balance": "Balance: what is in the house",
    },
    default_calculation="available",
)
