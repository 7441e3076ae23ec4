"""An article as flows see it: the vendor's members, and a few in a form that can be mapped and compared."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from commerce.problems import Problem, ProblemCode
from connectors.eaccounting.api import Record
from connectors.errors import RecordRefused
from mapping.fields import Field, FieldKind

ARTICLE_FIELDS: Final = (
    Field("Number", "Article number", required=True, description="At most 40 characters; it is never cut."),
    Field("Name", "Name", max_length=50, required=True),
    Field("NameEnglish", "Name in English", max_length=50),
    Field(
        "NetPrice",
        "Price without VAT",
        FieldKind.MONEY,
        places=2,
        description="Give this price or the one with VAT; the other follows from the VAT percentage.",
    ),
    Field("GrossPrice", "Price with VAT", FieldKind.MONEY, places=2),
    Field("Currency", "Currency of the prices", description="It must be the company's own: articles have no other."),
    Field(
        "VatRatePercent",
        "VAT percentage",
        FieldKind.NUMBER,
        description="Becomes the account coding that the settings, or else the company, have for it.",
    ),
    Field("CodingId", "Account coding", choices="codings", description="Stands above the VAT percentage."),
    Field("UnitId", "Unit", choices="units", description="Empty takes the unit of the settings."),
    Field("IsActive", "Active", FieldKind.BOOLEAN),
    Field("Barcode", "Barcode (EAN)", description="The first of the article's barcodes; others are left alone."),
    Field("ArticleLabels", "Labels", FieldKind.LIST, description="Their names; labels that do not exist are created."),
    Field("Note", "Note", max_length=4000),
    Field("SendToWebshop", "Send to web shop", FieldKind.BOOLEAN),
    Field("UsesMoss", "Sold under the One Stop Shop", FieldKind.BOOLEAN, description="Needs OSS in the company."),
    Field("IsStock", "Stock article", FieldKind.BOOLEAN, description="Needs the stock module and a coding of goods."),
    Field(
        "StockBalance",
        "Stock balance",
        FieldKind.NUMBER,
        places=4,
        description="Cannot be written once the stock module keeps it.",
    ),
    Field("StockLocationReference", "Place in the warehouse"),
    Field("OrderingPoint", "Ordering point", FieldKind.NUMBER, places=4),
    Field("PurchasePrice", "Purchase price", FieldKind.MONEY, places=2),
    Field("FreightCosts", "Freight costs", FieldKind.MONEY, places=2),
    Field("SupplierArticleNumber", "Supplier's article number", max_length=16),
)
"""What can be written of an article.

Source: Visma eAccounting API documentation, articles (confirmed September 2026).
"""

READ_ONLY_FIELDS: Final = (
    Field("raw.Id", "Id"),
    Field("raw.CodingName", "Name of the account coding"),
    Field("raw.UnitName", "Name of the unit"),
    Field("raw.UnitAbbreviation", "Short name of the unit"),
    Field("raw.NetPriceWithDiscount", "Price without VAT, less discount", FieldKind.MONEY),
    Field("raw.DiscountPercentage", "Discount, as a fraction", FieldKind.NUMBER),
    Field("raw.StockBalanceReserved", "Reserved", FieldKind.NUMBER),
    Field("raw.StockBalanceAvailable", "Available", FieldKind.NUMBER),
    Field("raw.StockValue", "Value of the stock", FieldKind.MONEY),
    Field("raw.ShowStockInformation", "Shows stock", FieldKind.BOOLEAN),
    Field("raw.IsServiceArticle", "Service", FieldKind.BOOLEAN),
    Field("raw.SupplierId", "Supplier"),
    Field("raw.HouseWorkType", "Kind of house work", FieldKind.NUMBER),
    Field("raw.GreenTechnologyType", "Kind of green technology", FieldKind.NUMBER),
    Field("raw.CreatedUtc", "Created"),
    Field("raw.ChangedUtc", "Changed"),
)

RAW_FIELDS: Final = (
    *(Field(f"raw.{field.name}", field.title, field.kind) for field in ARTICLE_FIELDS),
    *READ_ONLY_FIELDS,
)
"""What can be read of an article beside what every product has."""


def article_view(article: Record, rate: Decimal | None, currency: str) -> Record:
    """The article with its barcode and labels as plain texts, the percentage of its coding, and its currency."""
    return {
        **article,
        "Barcode": barcode_of(article),
        "ArticleLabels": labels_of(article),
        "VatRatePercent": rate,
        "Currency": currency,
    }


def held_values(fields: tuple[Field, ...], view: Mapping[str, Any], what: str) -> dict[str, Any]:
    """The fields as they stand at eAccounting, in the kinds that mapping gives. A text that is null is empty.

    Raises:
        RecordRefused: ``MALFORMED_RECORD`` when a number is none; ``what`` names the record.
    """
    return {field.name: _held(field, view, what) for field in fields}


def barcode_of(article: Record) -> str:
    """The first barcode; empty when there is none."""
    entries = article.get("Barcodes") or ()
    return next((str(entry["Barcode"]).strip() for entry in entries if entry and entry.get("Barcode")), "")


def labels_of(article: Record) -> list[str]:
    """The names of the labels."""
    return [str(label["Name"]) for label in article.get("ArticleLabels") or () if label.get("Name")]


def decimal_of(record: Mapping[str, Any], member: str, what: str) -> Decimal | None:
    """A number of a record, exactly; None when it is absent.

    Raises:
        RecordRefused: ``MALFORMED_RECORD`` when it is no number; ``what`` names the record.
    """
    value = record.get(member)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        shown = str(value)[:100]
        raise RecordRefused(
            Problem(
                code=ProblemCode.MALFORMED_RECORD,
                field=member,
                value=shown,
                sentence=(
                    f"{what}: eAccounting sent “{shown}” as {member}, which is no number. Correct {member} there, and"
                    " retry."
                ),
            )
        )
    return Decimal(value)


def _held(field: Field, view: Mapping[str, Any], what: str) -> Any:
    value = view.get(field.name)
    match field.kind:
        case FieldKind.TEXT:
            return "" if value is None else str(value)
        case FieldKind.BOOLEAN:
            return bool(value)
        case FieldKind.NUMBER | FieldKind.MONEY:
            return decimal_of(view, field.name, what)
        case _:
            return value
