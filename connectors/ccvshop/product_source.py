"""Hand out products with their variants. Source: CCV Shop API documentation, products and collections.

There is no filter for changes, but products can be sorted by when they were last changed, newest first: a read of
changes goes on until it meets what it knows. Such a list only ever shows a product again, never misses one: what
changes meanwhile moves to its beginning, and the next read begins there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from commerce.record import Image, Product
from connectors import exact_json
from connectors.ccvshop.api import LARGEST_PAGE, ROOT, items_of, next_path, read_collection
from connectors.ccvshop.article_fields import held_values
from connectors.ccvshop.article_settings import CcvProductSource, TaxTariff
from connectors.ccvshop.articles import Article, ArticleFinder, collection_of, refused_listings, variants_of
from connectors.ccvshop.categories import CategoryTree
from connectors.ccvshop.fields import Fields
from connectors.client import VendorClient
from connectors.declaration import RecordSourceDeclaration
from connectors.errors import RecordGone, RecordRefused
from connectors.protocols import ReadDeclaration, ReadFrom, RefusedListing
from connectors.records import RecordPage
from mapping.fields import Field, FieldKind

_EXPAND = ("attributecombinations", "productphotos", "producttocategories")
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"

PRODUCT_FACTS: tuple[Field, ...] = (
    Field("sku", "SKU"),
    Field("ean", "EAN"),
    Field("name", "Name"),
    Field("short_description", "Short description"),
    Field("description", "Description"),
    Field("price_excl", "Price without VAT", FieldKind.MONEY, description="Where the shop's prices are without VAT."),
    Field("price_incl", "Price with VAT", FieldKind.MONEY, description="Where the shop's prices include VAT."),
    Field("tax_rate", "VAT rate", FieldKind.NUMBER),
    Field("currency", "Currency"),
    Field("unit", "Unit"),
    Field("weight", "Weight", FieldKind.NUMBER, description="In kilograms."),
    Field("brand", "Brand"),
    Field("active", "Active", FieldKind.BOOLEAN),
    Field("quantity", "Quantity", FieldKind.NUMBER),
    Field("categories", "Categories", FieldKind.LIST),
    Field("images", "Images", FieldKind.LIST),
    Field("features", "Features", FieldKind.MAPPING, description="Condition, colour and supplier, by these names."),
    Field("parent_id", "Parent product"),
    Field("options", "Options of the variant", FieldKind.MAPPING),
)


class CcvProductsRead:
    """`RecordSource` of products; a product's variants follow it on the same page."""

    def __init__(self, client: VendorClient, settings: CcvProductSource) -> None:
        self._client = client
        self._settings = settings
        self._finder = ArticleFinder(client, _EXPAND)
        self._tree = CategoryTree(client)

    async def list_records(self, start: ReadFrom, page: str | None, size: int) -> RecordPage:
        """One page: of everything by id, or of what changed, newest first."""
        self._tree.forget()
        position = _Position.of(page) if page else await self._begin(start, size)
        answer = await read_collection(self._client, position.path, operation="list products")
        fresh = [product for product in items_of(answer) if position.includes(product)]
        reached_known = len(fresh) < len(items_of(answer))
        following = None if reached_known else next_path(answer)
        records, refused = await self._parsed(fresh)
        cursor = position.cursor or max((str(product.get("modifydate") or "") for product in fresh), default="") or None
        next_page = _Position(following, cursor, position.begin).text() if following else None
        return RecordPage(records, cursor, next_page, refused)

    async def read_records(self, source_ids: Sequence[str]) -> RecordPage:
        """Named products and variants, one call per product."""
        self._tree.forget()
        records: list[Product] = []
        refused: list[RefusedListing] = []
        wanted = set(source_ids)
        for product_id in dict.fromkeys(source_id.partition(":")[0] for source_id in source_ids):
            try:
                product = await self._finder.read(product_id)
            except RecordGone:
                continue
            parsed, malformed = await self._parsed([product])
            records += [record for record in parsed if record.source_id in wanted]
            refused += malformed
        known = {record.source_id for record in records} | {refusal.source_id for refusal in refused}
        return RecordPage(records, refused=refused, removed=[one for one in source_ids if one not in known])

    def cursor_at(self, moment: datetime) -> str:
        """When a product was last changed, written as the shop writes it."""
        return moment.astimezone(UTC).strftime(_MOMENT)

    async def own_fields(self) -> Sequence[Field]:
        """The members of the shop's products, as the first one shows them."""
        answer = await read_collection(
            self._client, f"{ROOT}/products/", {"orderby": "id", "start": "0", "size": "1"}, operation="list products"
        )
        products, _ = await self._parsed(items_of(answer))
        return [
            Field(f"raw.{name}", name.replace("_", " "), _kind(value))
            for product in products[:1]
            for name, value in product.raw.items()
            if name != "href" and not isinstance(value, dict | list)
        ]

    async def _begin(self, start: ReadFrom, size: int) -> "_Position":
        expand, length = "%2C".join(_EXPAND), min(size, LARGEST_PAGE)
        path = f"{ROOT}/products/?expand={expand}&start=0&size={length}&orderby="
        begin = start.not_before
        if start.cursor is not None:
            overlapped = datetime.fromisoformat(start.cursor) - start.overlap
            begin = max(overlapped, begin) if begin else overlapped
        newest = await self._newest()
        cursor = max(filter(None, (newest, start.cursor)), default=None)
        if begin is None:
            return _Position(f"{path}id", cursor, "")
        return _Position(f"{path}modifydate_desc", cursor, begin.astimezone(UTC).strftime(_MOMENT))

    async def _newest(self) -> str | None:
        """Asked before a read begins: what changes while it goes on belongs to the next one."""
        params = {"orderby": "modifydate_desc", "start": "0", "size": "1"}
        answer = await read_collection(self._client, f"{ROOT}/products/", params, operation="list products")
        return next((str(product["modifydate"]) for product in items_of(answer) if product.get("modifydate")), None)

    async def _parsed(self, products: Sequence[dict[str, Any]]) -> tuple[list[Product], list[RefusedListing]]:
        records: list[Product] = []
        refused: list[RefusedListing] = []
        for product in products:
            links = [link.get("category_id") for link in collection_of(product, "producttocategories")]
            paths = await self._tree.paths([link for link in links if isinstance(link, int)])
            try:
                parent = self._product(product, paths)
                records += [parent, *(self._variant(parent, variant) for variant in variants_of(product))]
            except RecordRefused as refusal:
                refused += refused_listings([Article(product), *variants_of(product)], refusal.problem.sentence)
        return records, refused

    def _product(self, product: dict[str, Any], paths: Sequence[tuple[str, ...]]) -> Product:
        fields = Fields(f"Product {product.get('productnumber') or product.get('id')}", product)
        held = held_values(fields)
        price = fields.amount("price")
        including = self._settings.prices_include_tax
        photos = sorted(collection_of(product, "productphotos"), key=lambda photo: not photo.get("is_mainphoto"))
        images = tuple(
            Image(url=str(photo["deeplink"]), alt=str(photo.get("alttext") or ""))
            for photo in photos
            if photo.get("deeplink")
        )
        return Product(
            source_id=str(fields.whole_number("id")),
            reference=fields.text("productnumber") or f"#{fields.text('id')}",
            raw={
                **{name: value for name, value in product.items() if name not in _EXPAND},
                **held,
                "categories": [list(path) for path in paths],
                "photos": [image.url for image in images],
            },
            sku=fields.text("productnumber"),
            ean=fields.text("eannumber"),
            name=fields.text("name"),
            short_description=held["shortdescription"],
            description=held["description"],
            price_excl=None if including else price,
            price_incl=price if including else None,
            tax_rate=self._rate(fields),
            currency=self._settings.currency,
            unit=fields.text("unit"),
            weight=fields.amount("weight"),
            brand=held["brand"],
            active=fields.flag("is_active"),
            quantity=fields.amount("stock") if fields.flag("stockenabled") else None,
            categories=tuple(paths),
            images=images,
            features=_features(fields),
        )

    def _variant(self, parent: Product, article: Article) -> Product:
        """The product with the variant's numbers, stock and surcharges; these include VAT when the price does."""
        variant = Fields(f"{parent.name} (variant of product {parent.reference})", article.combination or {})
        pairs = variant.children("combination")
        surcharge = sum((pair.amount_or_zero("extra_price") for pair in pairs), Decimal(0))
        options = {pair.child("attribute").text("name"): pair.child("attribute_value").text("name") for pair in pairs}
        number = variant.text("product_number") or variant.text("sku_number")
        return parent.model_copy(
            update={
                "source_id": article.target_id,
                "reference": number or f"#{article.target_id}",
                "raw": dict(variant.members),
                "sku": number,
                "ean": variant.text("ean_number"),
                "price_excl": None if parent.price_excl is None else parent.price_excl + surcharge,
                "price_incl": None if parent.price_incl is None else parent.price_incl + surcharge,
                "active": parent.active and variant.members.get("active") is not False,
                "quantity": variant.amount("stock") if parent.raw.get("stockenabled") else None,
                "parent_id": parent.source_id,
                "options": options,
            }
        )

    def _rate(self, fields: Fields) -> Decimal | None:
        """The rate that the shop names; it may leave it out in favour of the tariff."""
        rate = fields.amount("vatrate")
        tariff = fields.text("taxtariff")
        return self._settings.rates.get(TaxTariff(tariff)) if rate is None and tariff in set(TaxTariff) else rate


@dataclass(frozen=True)
class _Position:
    """Where a read goes on: the address, the cursor it will leave, and from when on records belong to it."""

    path: str
    cursor: str | None
    begin: str

    @classmethod
    def of(cls, text: str) -> "_Position":
        return cls(*exact_json.loads(text))

    def text(self) -> str:
        return exact_json.dumps([self.path, self.cursor, self.begin])

    def includes(self, product: Mapping[str, Any]) -> bool:
        """Whether the product belongs to the read; one that does not say when it changed does."""
        return str(product.get("modifydate") or "9999") >= self.begin


def _features(fields: Fields) -> dict[str, str]:
    found = {name: fields.child(name).text("name") for name in ("condition", "color", "supplier")}
    return {name: value for name, value in found.items() if value}


def _kind(value: Any) -> FieldKind:
    if isinstance(value, bool):
        return FieldKind.BOOLEAN
    return FieldKind.NUMBER if isinstance(value, int | Decimal) else FieldKind.TEXT


def _open(client: VendorClient, _connection: BaseModel, settings: BaseModel) -> CcvProductsRead:
    return CcvProductsRead(client, CcvProductSource.model_validate(settings))


PRODUCT_SOURCE = RecordSourceDeclaration(
    open=_open,
    settings=CcvProductSource,
    read=ReadDeclaration(
        cursor_field="modifydate",
        lag=timedelta(minutes=10),
        sees_changes=True,
        # Whether stock, variants, photos and categories move the date of change is not documented.
        sweep_every=timedelta(days=1),
        sweep_window=timedelta(days=3650),
    ),
    fields=PRODUCT_FACTS,
)
