"""What can be written of a product, and how the shop's answer shows it.

Source: CCV Shop API documentation, products (schemas of June 2022; lengths of 2017).
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connectors.ccvshop.fields import Fields
from connectors.ccvshop.photos import PhotoMarks
from mapping.fields import Field, FieldKind

_NUMBER, _MONEY, _BOOLEAN, _LIST = FieldKind.NUMBER, FieldKind.MONEY, FieldKind.BOOLEAN, FieldKind.LIST

PRODUCT_FIELDS: tuple[Field, ...] = (
    Field("productnumber", "SKU", max_length=50),
    Field("name", "Name", max_length=200, required=True),
    Field("price", "Price", _MONEY, places=4, required=True, description="Before discount, as the shop keeps prices."),
    Field("discount", "Discount", _MONEY, places=4, description="An amount that is taken off the price."),
    Field("currency", "Currency of the prices", description="It must be the shop's own: products have no other."),
    Field("taxtariff", "Tax tariff", required=True, choices="tax_tariffs"),
    Field("package_id", "Package", _NUMBER, places=0, choices="packages"),
    Field("eannumber", "EAN", max_length=50),
    Field("mpnnumber", "MPN", max_length=50),
    Field("shortdescription", "Short description", max_length=255),
    Field("description", "Description", max_length=65536),
    Field("active", "Active", _BOOLEAN),
    Field("brand", "Brand", choices="brands"),
    Field("condition", "Condition"),
    Field("supplier_id", "Supplier", _NUMBER, places=0),
    Field("color_id", "Colour", _NUMBER, places=0),
    Field("unit", "Unit"),
    Field("weight", "Weight", _NUMBER, places=4, description="In kilograms."),
    Field("stock", "Stock", _NUMBER, places=4),
    Field("stockenabled", "Keep stock", _BOOLEAN),
    Field("stocktype", "Where stock is kept"),
    Field("stocklocation", "Stock location", max_length=255),
    Field("ordering_without_stock", "Ordering without stock"),
    Field("stock_delivery_number", "Delivery time", _NUMBER, places=0),
    Field("stock_delivery_type", "Unit of the delivery time"),
    Field("stock_delivery_standard", "Standard delivery text"),
    Field("categories", "Categories", _LIST, description="Paths of names; what is missing is created."),
    Field("photos", "Photos", _LIST, description="Addresses of pictures; the first is the main photo."),
    Field("purchaseprice", "Purchase price", _MONEY, places=4, description="Without VAT."),
    Field("container_deposit_price", "Container deposit", _MONEY, places=4),
    Field("safety_deposit_price", "Safety deposit", _MONEY, places=4),
    Field("credit_points_custom", "Credit points", _NUMBER, places=0),
    Field("specs", "Specifications"),
    Field("memo", "Memo", description="For the shop's own people."),
    Field("maincategory", "Main category in exports"),
    Field("subcategory", "Subcategory in exports"),
    Field("meta_description", "Meta description"),
    Field("meta_keywords", "Meta keywords"),
    Field("page_title", "Page title"),
    Field("alias", "Web address part"),
    Field("no_index", "Keep out of search engines", _BOOLEAN),
    Field("no_follow", "Let search engines follow no links", _BOOLEAN),
    Field("decimal_amount", "Decimals of the amount", _NUMBER, places=0),
    Field("minimal_order_amount", "Smallest order", _NUMBER, places=4),
    Field("amount_sold", "Amount sold", _NUMBER, places=4),
    Field("show_in_template", "Show in the template", _BOOLEAN),
    Field("show_on_beginpage", "Show on the home page", _BOOLEAN),
    Field("show_on_facebook", "Show on Facebook", _BOOLEAN),
    Field("show_order_button", "Order button", description="Y, QUOTATION or N."),
    Field("product_layout", "Layout", _NUMBER, places=0, description="1 to 4."),
    Field("photo_size", "Photo size", description="NONE, SMALL or BIG."),
    Field("hide_without_category", "Hide without category", description="YES, NO_DIRECTLINK or NO_SEARCHRESULTS."),
    Field("fixed_staggered_prices", "Fixed staggered prices", _BOOLEAN),
    Field("google_shopping_category", "Google Shopping category"),
    Field("is_included_for_export_feed", "In export feeds", _BOOLEAN),
)
ELSEWHERE = frozenset({"categories", "currency", "photos"})
"""What is no member of the product: the shop has one currency, and the others have resources of their own."""
_WHOLE = frozenset(field.name for field in PRODUCT_FIELDS if field.kind is _NUMBER and field.places == 0)
_IDS = {"package_id": "package", "supplier_id": "supplier", "color_id": "color"}
_NAMES = frozenset({"brand", "condition"})


def held_values(product: Fields) -> dict[str, Any]:
    """The product's own members by the names they are written with, as the declared kinds; absent ones are None.

    Raises:
        RecordRefused: A member is not what it should be.
    """
    values = {field.name: _held(product, field) for field in PRODUCT_FIELDS if field.name not in ELSEWHERE}
    values["memo"] = PhotoMarks.read(values["memo"] or "")[1]
    return values


def _held(product: Fields, field: Field) -> Any:
    name = field.name
    if name == "active":
        name = "is_active"
    if name in _IDS:
        return product.child(_IDS[name]).amount("id")
    if name in _NAMES:
        return product.child(name).text("name")
    if product.members.get(name) is None:
        return None
    if field.kind is _BOOLEAN:
        return product.flag(name)
    return product.amount(name) if field.kind in {_NUMBER, _MONEY} else str(product.members[name])


def written_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Mapped values as members of a body; ids and other whole numbers must not look like fractions."""
    return {
        name: int(value) if name in _WHOLE and isinstance(value, Decimal) else value
        for name, value in values.items()
        if name not in ELSEWHERE
    }
