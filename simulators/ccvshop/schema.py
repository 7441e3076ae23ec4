"""Which properties each request may hold, and of which type. Source: CCV Shop JSON schemas, June 2022.

Types: ``s`` text, ``n`` number, ``i`` integer, ``b`` boolean, ``o`` object, ``a`` list. A property that is not required
may be null. Unknown properties are refused, read-only ones included; that is the simulator's choice.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import Any

from simulators.ccvshop.refusal import invalid


def _table(text: str) -> dict[str, str]:
    return dict(pair.split(":") for pair in text.split())


_ADDRESS = _table(
    "gender:s initials:s full_name:s company:s address_line_1:s address_line_2:s street:s housenumber:i "
    "housenumber_suffix:s zipcode:s city:s province:s country:s country_code:s telephone:s mobile:s comment:s"
)
BILLING_ADDRESS = {**_ADDRESS, **_table("first_name:s last_name:s fax:s")}
DELIVERY_ADDRESS = _ADDRESS
CUSTOMER = _table(
    "billingaddress:o deliveryaddress:o email:s customertype:s bankaccount:s bankname:s bank:s tenname:s iban:s bic:s "
    "reference:s reservationnumber:s income:s branche:s branch:s website:s clubcity:s clubcomment:s clubname:s beurs:s "
    "stand:s fair:s booth:s carbrand:s cartype:s carweight:s birthdate:s birthtime:s birthplace:s cardnumber:s btw:s "
    "kvk:s costcentre:s findus:s ssnnumber:s zzppass:s"
)
_ORDER = _table(
    "invoicenumber:i paid:b safety_deposit_returned:b total_shipping:n paymethod_costs:n extra_costs:n "
    "extra_costs_description:s taxes_included:b order_row_taxes_included:b shipping_taxes_included:b "
    "is_intra_community_order:b currency:s is_platform_sale:b orderedinlng:s status:i track_and_trace_code:s "
    "track_and_trace_carrier:s deliver_date:s deliver_method:s takeoutslot:i reservationnumber:s customer:o orderrows:a"
)
ORDER_POST = {**_ORDER, **_table("is_completed:b user_id:i")}
ORDER_PATCH = {**_ORDER, **_table("note:s mail:b")}
ORDER_ROW = _table(
    "product_type:s auto_create_deposit_rows:b product_id:i product_name:s product_number:s count:n price:n "
    "product_purchase_price:n discount:n tax:n unit:s weight:n memo:s package_id:i attribute_combination_id:n"
)
ORDER_ROW_PATCH = _table("count:n price:n discount:n")
ORDER_ROWS_PUT = _table("orderrows:a")
ORDER_NOTE = _table("note:s")
PRODUCT = _table(
    "productnumber:s active:b eannumber:s mpnnumber:s name:s shortdescription:s description:s vatrate:n taxtariff:s "
    "price:n discount:n purchaseprice:n container_deposit_price:n safety_deposit_price:n credit_points_custom:i unit:s "
    "stockenabled:b stocktype:s stock:n stocklocation:s ordering_without_stock:s weight:n brand:s brand_id:i "
    "condition:s condition_id:i color_id:i maincategory:s subcategory:s package_id:i meta_description:s "
    "meta_keywords:s page_title:s no_index:b no_follow:b alias:s specs:s decimal_amount:i amount_sold:n "
    "minimal_order_amount:n stock_delivery_number:i stock_delivery_type:s stock_delivery_standard:s "
    "show_in_template:b show_on_beginpage:b "
    "show_on_facebook:b show_order_button:s product_layout:i photo_size:s hide_without_category:s memo:s supplier_id:i "
    "fixed_staggered_prices:b google_shopping_category:s is_included_for_export_feed:b"
)
NAMED = _table("name:s")
PRODUCT_NOT_NULL = ("name", "price", "discount", "package_id")
PHOTO_POST = _table("file_type:s alttext:s source:s is_mainphoto:b")
PHOTO_PATCH = _table("alttext:s is_mainphoto:b")
PHOTOS_PUT = _table("productphotos:a")
STAGGERED_PRICE = _table("quantity:n price:n discount:n")
ATTRIBUTE = _table("name:s type:s")
ATTRIBUTE_VALUE = _table("name:s default_price:n")
PRODUCT_ATTRIBUTE_VALUE_POST = _table("optionvalue:i price:n position:i stock:n enable:b")
PRODUCT_ATTRIBUTE_VALUE_PATCH = _table("optionposition:i position:i price:n enable:b")
ATTRIBUTE_COMBINATION = _table(
    "note:s stock:n product_number:s ean_number:s sku_number:s delivery_time:i delivery_time_type:s "
    "delivery_default_text:s active:b"
)
CATEGORY = _table(
    "name:s description:s description_bottom:s description_photo_position:s description_photo_size:s "
    "description_photo_source:s description_photo_file_type:s searchwords:s layout_of_products_id:i color:i "
    "color_alternative:i layout_of_categories_id:i photo_source:s photo_file_type:s show_big_photo:b "
    "productphoto_in_canvas:b show_orderbutton:b orderby:s items_per_page:i position:i show_on_website:b "
    "parentcategory_id:i meta_description:s meta_keywords:s page_title:s no_index:b no_follow:b alias:s"
)
PRODUCT_TO_CATEGORY_POST = _table("position:i product_id:i category_id:i")
PRODUCT_TO_CATEGORY_PATCH = _table("position:i")
_USER = _table("username:s password:s encryption:s group_id:i status:b product_in_category_discount:s userinfo:o")
USER_POST = {**_USER, "gender": "s"}
USER_PATCH = {**_USER, "approval_status": "s"}
USER_GROUP = _table("groupname:s discount:n default:b product_in_category_discount:s")
PRODUCT_ADJUSTMENT = _table("price:n discount:n hidden:b")
CATEGORY_ADJUSTMENT = _table("discount:n hidden:b include_sub_categories:b")
STAGGERED_PRICE_ADJUSTMENT = _table("price:n discount:n")
WEBHOOK_POST = _table("event:s address:s is_active:b")
WEBHOOK_PATCH = _table("address:s is_active:b")

PRODUCT_LENGTHS = {
    "productnumber": 50,
    "eannumber": 50,
    "mpnnumber": 50,
    "name": 200,
    "shortdescription": 255,
    "description": 65536,
    "stocklocation": 255,
}

_WORDS = {"s": "text", "n": "a number", "i": "an integer", "b": "true or false", "o": "an object", "a": "a list"}


def checked(
    body: Any,
    fields: dict[str, str],
    required: Collection[str] = (),
    where: str = "body",
    not_null: Collection[str] = (),
) -> dict[str, Any]:
    """The body, if it holds only known properties of the right types and all required ones.

    ``not_null`` names properties that may be left out but not be null; required ones may be neither.

    Raises:
        Refusal: 400, naming the first property that is wrong.
    """
    if not isinstance(body, dict):
        raise invalid(f"The {where} must be a JSON object.")
    for name, value in body.items():
        if name not in fields:
            raise invalid(f"Property {name} in {where} is unknown or read-only.")
        if value is None and name not in required and name not in not_null:
            continue
        if not _fits(value, fields[name]):
            raise invalid(f"Property {name} in {where} must be {_WORDS[fields[name]]}.")
    for name in required:
        if name not in body:
            raise invalid(f"Property {name} in {where} is required.")
    return body


def checked_customer(customer: dict[str, Any]) -> None:
    """Check the parts of a customer.

    Raises:
        Refusal: 400, naming the first property that is wrong.
    """
    checked(customer, CUSTOMER, where="customer")
    for name, fields in (("billingaddress", BILLING_ADDRESS), ("deliveryaddress", DELIVERY_ADDRESS)):
        if customer.get(name) is not None:
            checked(customer[name], fields, where=f"customer.{name}")


def check_lengths(body: dict[str, Any], lengths: dict[str, int]) -> None:
    """Refuse texts that are too long.

    Raises:
        Refusal: 400, naming the property and its greatest length.
    """
    for name, greatest in lengths.items():
        if len(body.get(name) or "") > greatest:
            raise invalid(f"Property {name} may hold at most {greatest} characters.")


def _fits(value: Any, kind: str) -> bool:
    match kind:
        case "s":
            return isinstance(value, str)
        case "b":
            return isinstance(value, bool)
        case "i":
            return isinstance(value, int) and not isinstance(value, bool)
        case "n":
            return isinstance(value, int | Decimal) and not isinstance(value, bool)
        case "o":
            return isinstance(value, dict)
        case _:
            return isinstance(value, list)
