"""Hand out stock. Source: CCV Shop API documentation, stock.

Whether a change of stock moves the date of change is not documented, so every read is of everything.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from commerce.record import StockLevel
from connectors.ccvshop.api import LARGEST_PAGE, ROOT, items_of, next_path, read_collection
from connectors.ccvshop.article_settings import CcvStockSource
from connectors.ccvshop.articles import Article, ArticleFinder, refused_listings, variants_of
from connectors.ccvshop.fields import Fields
from connectors.client import VendorClient
from connectors.declaration import RecordSourceDeclaration
from connectors.errors import RecordGone, RecordRefused
from connectors.protocols import ReadDeclaration, ReadFrom, RefusedListing
from connectors.records import RecordPage
from mapping.fields import Field, FieldKind

CALCULATIONS = {"stock": "Stock as the shop shows it, less its own orders"}
STOCK_FACTS: tuple[Field, ...] = (
    Field("sku", "SKU"),
    Field("ean", "EAN"),
    Field("figures", "Figures", FieldKind.MAPPING),
    Field("managed", "Stock is kept", FieldKind.BOOLEAN),
)
_EXPAND = ("attributecombinations",)
_SPARED = frozenset({"description", "shortdescription", "specs", "meta_description", "meta_keywords"})
"""Long texts that nobody needs of a stock level, and that would be held for every product of a page."""


class CcvStockRead:
    """`RecordSource` of stock levels, one per product and per variant."""

    def __init__(self, client: VendorClient) -> None:
        self._client = client
        self._finder = ArticleFinder(client, _EXPAND)

    async def list_records(self, start: ReadFrom, page: str | None, size: int) -> RecordPage:  # noqa: ARG002
        """One page of all products by id."""
        length = min(size, LARGEST_PAGE)
        path = page or f"{ROOT}/products/?expand={_EXPAND[0]}&start=0&size={length}&orderby=id"
        answer = await read_collection(self._client, path, operation="list the stock of products")
        records, refused = _parsed(items_of(answer))
        return RecordPage(records, None, next_path(answer), refused)

    async def read_records(self, source_ids: Sequence[str]) -> RecordPage:
        """The stock of named products and variants, one call per product."""
        records: list[StockLevel] = []
        refused: list[RefusedListing] = []
        for product_id in dict.fromkeys(source_id.partition(":")[0] for source_id in source_ids):
            try:
                product = await self._finder.read(product_id)
            except RecordGone:
                continue
            parsed, malformed = _parsed([product])
            records += [record for record in parsed if record.source_id in source_ids]
            refused += malformed
        known = {record.source_id for record in records} | {refusal.source_id for refusal in refused}
        return RecordPage(records, refused=refused, removed=[one for one in source_ids if one not in known])

    def cursor_at(self, moment: datetime) -> None:
        """There is none: every read is of everything."""

    async def own_fields(self) -> Sequence[Field]:
        """The members that products and variants have in the shop, beside their long texts."""
        return (
            Field("raw.stocklocation", "Stock location"),
            Field("raw.ordering_without_stock", "Ordering without stock"),
            Field("raw.is_active", "Active", FieldKind.BOOLEAN),
        )


def keeps_stock_per_variant(product: Mapping[str, Any]) -> bool:
    """Whether the product's own stock means nothing, since each variant has its own."""
    return bool(variants_of(product)) and product.get("stocktype") != "Product"


def _parsed(products: Sequence[dict[str, Any]]) -> tuple[list[StockLevel], list[RefusedListing]]:
    records: list[StockLevel] = []
    refused: list[RefusedListing] = []
    for product in products:
        own = [] if keeps_stock_per_variant(product) else [Article(product)]
        articles = [*own, *variants_of(product)]
        try:
            records += [_level(article) for article in articles]
        except RecordRefused as refusal:
            refused += refused_listings(articles, refusal.problem.sentence)
    return records, refused


def _level(article: Article) -> StockLevel:
    product = Fields(f"Product {article.product.get('productnumber') or article.product.get('id')}", article.product)
    product.whole_number("id")
    managed = product.flag("stockenabled")
    if article.combination is None:
        members, sku, ean = product, product.text("productnumber"), product.text("eannumber")
        raw = {name: value for name, value in product.members.items() if name not in _SPARED | set(_EXPAND)}
    else:
        members = Fields(f"Variant of {product.record}", article.combination)
        sku, ean = members.text("product_number") or members.text("sku_number"), members.text("ean_number")
        raw = {**members.members, "stockenabled": managed}
    stock = members.amount("stock")
    return StockLevel(
        source_id=article.target_id,
        reference=sku or f"#{article.target_id}",
        raw=raw,
        sku=sku,
        ean=ean,
        figures={} if stock is None else {"stock": stock},
        managed=managed,
    )


def _open(client: VendorClient, _connection: BaseModel, _settings: BaseModel) -> CcvStockRead:
    return CcvStockRead(client)


STOCK_SOURCE = RecordSourceDeclaration(
    open=_open,
    settings=CcvStockSource,
    read=ReadDeclaration(cursor_field="", lag=timedelta(0), sees_changes=False),
    fields=STOCK_FACTS,
    calculations=CALCULATIONS,
    default_calculation="stock",
)
