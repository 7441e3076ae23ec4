"""Hand out articles as products. eAccounting has no variants, pictures or web texts."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel

from commerce.record import Product
from connectors.client import VendorClient
from connectors.declaration import RecordSourceDeclaration
from connectors.eaccounting.api import Api, Record
from connectors.eaccounting.api import moment as stamp
from connectors.eaccounting.article_settings import ProductSourceSettings
from connectors.eaccounting.article_view import RAW_FIELDS, article_view, decimal_of
from connectors.eaccounting.changes import ChangeFeed
from connectors.eaccounting.company import Company
from connectors.eaccounting.lookups import records_by_id
from connectors.errors import RecordRefused
from connectors.protocols import ReadDeclaration, ReadFrom, RefusedListing
from connectors.records import RecordPage
from mapping.fields import Field, FieldKind

_PATH: Final = "/articles"
_LAG: Final = timedelta(minutes=2)


class ProductSource:
    """`RecordSource` of products: articles in the order of their changes.

    Prices are the company's own. A stock movement need not count as a change of the article, so ``quantity`` is only
    as new as the article's last change; the stock flow keeps it up to date.
    """

    def __init__(self, client: VendorClient, settings: ProductSourceSettings) -> None:
        self._api = Api(client)
        self._company = Company(self._api)
        self._feed = ChangeFeed(self._api, _PATH, "ChangedUtc", "list articles")
        self._settings = settings

    async def list_records(self, start: ReadFrom, page: str | None, size: int) -> RecordPage:
        """One page, the oldest change first. Articles cannot be deleted, so none is ever ``removed``."""
        changes = await self._feed.read(start, page, size)
        products, refused = await self._products(changes.records)
        return RecordPage(products, changes.cursor, changes.next_page, refused, changes.total)

    async def read_records(self, source_ids: Sequence[str]) -> RecordPage:
        """The named articles."""
        found = await records_by_id(self._api, _PATH, source_ids, "read articles")
        products, refused = await self._products(list(found.values()))
        removed = [source_id for source_id in source_ids if source_id not in found]
        return RecordPage(products, refused=refused, total=len(found), removed=removed)

    def cursor_at(self, moment: datetime) -> str:
        """A moment as the vendor writes it."""
        return stamp(moment)

    async def own_fields(self) -> Sequence[Field]:
        """The vendor's own fields; there are no custom ones."""
        return RAW_FIELDS

    async def _products(self, articles: Sequence[Record]) -> tuple[list[Product], list[RefusedListing]]:
        products: list[Product] = []
        refused: list[RefusedListing] = []
        for article in articles:
            try:
                products.append(await self._product(article))
            except RecordRefused as refusal:
                refused.append(RefusedListing(str(article.get("Id") or ""), refusal.problem.sentence, article))
        return products, refused

    async def _product(self, article: Record) -> Product:
        rate = await self._company.vat_rate(str(article.get("CodingId") or ""))
        currency = (await self._company.facts()).currency
        view = article_view(article, rate, currency)
        number = str(article.get("Number") or "").strip()
        what = f"Article {number or article.get('Name')}"
        labels = view["ArticleLabels"]
        return Product(
            source_id=str(article.get("Id") or ""),
            reference=number or str(article.get("Name") or article.get("Id") or ""),
            raw=view,
            sku=number,
            ean=view["Barcode"],
            name=str(article.get("Name") or ""),
            price_excl=decimal_of(article, "NetPrice", what),
            price_incl=decimal_of(article, "GrossPrice", what),
            tax_rate=rate,
            currency=currency,
            unit=str(article.get("UnitName") or ""),
            active=bool(article.get("IsActive", True)),
            quantity=decimal_of(article, "StockBalanceAvailable", what),
            categories=tuple((label,) for label in labels) if self._settings.labels_as_categories else (),
            features={"Labels": ", ".join(labels)} if labels else {},
        )


def _open(client: VendorClient, _connection: BaseModel, settings: BaseModel) -> ProductSource:
    return ProductSource(client, ProductSourceSettings.model_validate(settings))


PRODUCT_SOURCE: Final = RecordSourceDeclaration(
    open=_open,
    settings=ProductSourceSettings,
    read=ReadDeclaration(cursor_field="ChangedUtc", lag=_LAG, sees_changes=True),
    fields=(
        Field("sku", "Article number"),
        Field("ean", "Barcode (EAN)"),
        Field("name", "Name"),
        Field("price_excl", "Price without VAT", FieldKind.MONEY),
        Field("price_incl", "Price with VAT", FieldKind.MONEY),
        Field("tax_rate", "VAT percentage", FieldKind.NUMBER),
        Field("currency", "Currency"),
        Field("unit", "Unit"),
        Field("active", "Active", FieldKind.BOOLEAN),
        Field("quantity", "Available stock", FieldKind.NUMBER),
        Field("categories", "Categories", FieldKind.LIST, description="Labels, where the settings say so."),
        Field("features", "Features", FieldKind.MAPPING, description="Labels: all of them, separated by commas."),
    ),
)
