"""New orders, rows and users in the shop's full shape, from the parts somebody gave."""

from __future__ import annotations

import copy
from datetime import datetime
from decimal import Decimal
from typing import Any

from simulators.ccvshop.product_shape import whole_product
from simulators.ccvshop.shop import Record, Shop, merge
from simulators.ccvshop.signing import moment_text
from simulators.ccvshop.totals import order_totals, row_total, unit_price
from simulators.ccvshop.variant_shape import variant_pairs

_ADDRESS: Record = {
    "gender": None,
    "initials": "",
    "first_name": "",
    "last_name": "",
    "full_name": "",
    "company": "",
    "address_line_1": "",
    "address_line_2": "",
    "street": "",
    "housenumber": None,
    "housenumber_suffix": "",
    "zipcode": "",
    "city": "",
    "province": "",
    "country": "",
    "country_code": None,
    "telephone": "",
    "mobile": "",
    "comment": "",
}
_CUSTOMER: Record = {
    "email": "",
    "customertype": "b2c",
    "reference": "",
    "btw": "",
    "kvk": "",
    "billingaddress": {**_ADDRESS, "fax": ""},
    "deliveryaddress": {name: value for name, value in _ADDRESS.items() if name not in ("first_name", "last_name")},
}
_ORDER: Record = {
    "ordernumber_prefix": None,
    "ordernumber": None,
    "ordernumber_full": None,
    "invoicenumber": None,
    "transaction_id": None,
    "deliver_method": "shipping",
    "deliver_date": None,
    "take_out_window": {"start": None, "end": None},
    "is_platform_sale": False,
    "orderedinlng": "nl",
    "status": 1,
    "is_completed": True,
    "paid": False,
    "safety_deposit_returned": False,
    "paymethod_id": 2,
    "paymethod": "BankTransfer",
    "paymethod_label": "Vooraf overmaken",
    "taxes_included": True,
    "order_row_taxes_included": True,
    "shipping_taxes_included": True,
    "shipping_tax_percentage": 21,
    "is_intra_community_order": False,
    "total_orderrow_price": Decimal(0),
    "total_shipping": Decimal(0),
    "total_discounts": Decimal(0),
    "total_price": Decimal(0),
    "total_tax": Decimal(0),
    "total_weight": Decimal(0),
    "currency": "EUR",
    "extra_payment_option": "",
    "extra_payment_option_price": None,
    "extra_payment_option_no_sentprice": False,
    "extra_payment_option_pay_on_pickup": False,
    "extra_price": Decimal(0),
    "paymethod_costs": Decimal(0),
    "credit_point_discount": Decimal(0),
    "extra_costs": Decimal(0),
    "extra_costs_description": "",
    "track_and_trace_code": "",
    "track_and_trace_carrier": None,
    "track_and_trace_deeplink": "",
    "packing_slip_deeplink": "",
    "reservationnumber": "",
    "delivery_option": None,
    "user": {"id": None, "discount_percentage": 0},
    "discountcoupon": {
        "code": "",
        "discount": Decimal(0),
        "type": "",
        "enddate": None,
        "onetimeuse": False,
        "minimumprice": 0,
        "givesfreeshipping": False,
    },
    "pickup_address": None,
}
_ROW: Record = {
    "product_type": "product",
    "product_id": None,
    "product_name": "",
    "product_number": "",
    "sub_product_number": "",
    "sub_sku_number": "",
    "sub_ean_number": "",
    "count": 1,
    "price": Decimal(0),
    "product_purchase_price": Decimal(0),
    "discount": Decimal(0),
    "custom_price": False,
    "tax": 21,
    "unit": "stuk",
    "weight": Decimal(0),
    "memo": "",
    "package_id": 1,
    "package_name": "Standaard",
    "stock_location": "",
    "supplier": "",
    "user_discount": 0,
    "total_extra_option_price": Decimal(0),
    "attributes": [],
    "uploads": [],
}
_COUNTRIES = {
    "AU": "Australië",
    "BE": "België",
    "DE": "Duitsland",
    "DK": "Denemarken",
    "ES": "Spanje",
    "FR": "Frankrijk",
    "GB": "Verenigd Koninkrijk",
    "IE": "Ierland",
    "IT": "Italië",
    "NL": "Nederland",
    "NO": "Noorwegen",
    "PT": "Portugal",
}
_ADDRESSES = ("billingaddress", "deliveryaddress")
_AMOUNTS = frozenset({"total_orderrow_price", "total_price", "total_tax"})


def full_customer(given: Record | None, base: Record | None = None) -> Record:
    """A customer with every property; full names and lines of an address follow from their parts when absent."""
    members = {name: value for name, value in (given or {}).items() if value is not None or name not in _ADDRESSES}
    customer = merge(copy.deepcopy(base or _CUSTOMER), copy.deepcopy(members))
    for name in _ADDRESSES:
        address = customer[name]
        sent = ((given or {}).get(name)) or {}
        if "full_name" not in sent and sent.keys() & {"first_name", "last_name"}:
            address["full_name"] = f"{address['first_name'] or ''} {address['last_name'] or ''}".strip()
        if "address_line_1" not in sent and sent.keys() & {"street", "housenumber", "housenumber_suffix"}:
            number = "" if address["housenumber"] is None else str(address["housenumber"])
            address["address_line_1"] = f"{address['street']} {number}{address['housenumber_suffix'] or ''}".strip()
        if "country" not in sent and sent.get("country_code"):
            address["country"] = _COUNTRIES.get(sent["country_code"], sent["country_code"])
    return customer


def full_row(shop: Shop, given: Record) -> Record:
    """A row with every property and its amounts; values next to a product override the catalogue's."""
    stored = shop.products.get(given["product_id"]) if given.get("product_id") else None
    row = copy.deepcopy(_ROW)
    if stored is not None:
        product = whole_product(stored)
        row |= {
            "product_name": product["name"],
            "product_number": product["productnumber"],
            "price": product["price"],
            "discount": product["discount"],
            "tax": product["vatrate"],
            "unit": product["unit"],
            "weight": product["weight"],
            "product_purchase_price": product["purchaseprice"],
            "stock_location": product["stocklocation"],
            "package_id": product["package"]["id"],
        }
        row["custom_price"] = "price" in given
        row |= _variant(shop, given.get("attribute_combination_id"))
    row |= copy.deepcopy(given)
    row["package_name"] = shop.packages.get(row["package_id"], {"name": ""})["name"]
    row["id"] = given.get("id") or shop.next_id("orderrows")
    row.pop("auto_create_deposit_rows", None)
    row.pop("attribute_combination_id", None)
    priced(row, given)
    return row


def _variant(shop: Shop, combination_id: Any) -> Record:
    """What a row shows of the attribute combination it names."""
    if combination_id is None:
        return {}
    combination = shop.table("attributecombinations")[int(combination_id)]
    return {
        "sub_product_number": combination["product_number"],
        "sub_sku_number": combination["sku_number"],
        "sub_ean_number": combination["ean_number"],
        "attributes": [
            {
                "id": pair["attribute_value"]["id"],
                "option_name": pair["attribute"]["name"],
                "value_name": pair["attribute_value"]["name"],
                "price": pair["extra_price"],
            }
            for pair in variant_pairs(shop, combination)
        ],
    }


def priced(row: Record, given: Record | None = None) -> None:
    """Compute the derived amounts of a row, except those that were given."""
    with_attributes = unit_price(row)
    selling = Decimal(row["price"]) - Decimal(row["discount"] or 0)
    computed = {
        "original_price": row["price"],
        "price_without_discount": row["price"],
        "price_without_discount_with_attributes": with_attributes + Decimal(row["discount"] or 0),
        "selling_price": selling,
        "price_with_attributes": with_attributes,
        "total_price": row_total({"count": row["count"], "price": selling}),
        "total_price_with_attributes": row_total(row),
    }
    row.update({name: value for name, value in computed.items() if name not in (given or {})})


def full_order(shop: Shop, given: Record, rows: list[Record], now: datetime) -> Record:
    """An order with every property; totals are computed unless given, numbers assigned unless given."""
    order = merge(
        copy.deepcopy(_ORDER), {name: copy.deepcopy(value) for name, value in given.items() if name != "customer"}
    )
    order["customer"] = full_customer(given.get("customer"))
    order["id"] = given.get("id") or shop.next_id("orders")
    order.setdefault("create_date", moment_text(now))
    if order["is_completed"]:
        if order["ordernumber"] is None:
            order["ordernumber"] = shop.next_ordernumber()
        if order["ordernumber_full"] is None:
            order["ordernumber_full"] = f"{order['ordernumber_prefix'] or ''}{order['ordernumber']}"
    else:
        order |= {"ordernumber": None, "ordernumber_full": None, "status": None}
    if "paymethod" in given and "paymethod_id" not in given:
        chosen = [method for method in shop.paymethods.values() if method["method"] == given["paymethod"]]
        if chosen:
            order |= {"paymethod_id": chosen[0]["id"], "paymethod_label": chosen[0]["label"]}
    totalled(order, rows, given)
    return {"id": order.pop("id"), **order}


def totalled(order: Record, rows: list[Record], given: Record | None = None) -> None:
    """Compute the order's totals from its rows, except those that were given."""
    totals = order_totals(order, rows)
    computed: dict[str, Any] = {
        "total_orderrow_price": totals.orderrow_price,
        "total_price": totals.price,
        "total_tax": totals.tax,
        "total_weight": sum((Decimal(row["weight"] or 0) * Decimal(row["count"]) for row in rows), Decimal(0)),
    }
    kept = _AMOUNTS & set(given or {})
    order.update({name: value for name, value in computed.items() if name not in kept})


def full_user(shop: Shop, given: Record, base: Record | None = None) -> Record:
    """A registered customer with every property: the one given, on top of what was there before."""
    members = {name: value for name, value in given.items() if name not in ("userinfo", "password")}
    user: Record = {
        "id": given.get("id") or shop.next_id("users") if base is None else base["id"],
        "username": "",
        "group_id": None,
        "status": True,
        "approval_status": "accepted",
        "product_in_category_discount": "highest",
        **(base or {}),
        **copy.deepcopy(members),
    }
    user["userinfo"] = full_customer(given.get("userinfo"), copy.deepcopy(base["userinfo"]) if base else None)
    return user
