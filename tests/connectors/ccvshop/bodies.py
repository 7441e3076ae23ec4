"""Bodies as a shop sends them, with whatever a test wants different."""

from typing import Any

from connectors import exact_json


def address(**changes: Any) -> dict[str, Any]:
    return {
        "gender": None,
        "initials": "",
        "first_name": "Jan",
        "last_name": "Jansen",
        "full_name": "Jan Jansen",
        "company": "",
        "address_line_1": "Dorpsstraat 3 A",
        "address_line_2": "",
        "street": "Dorpsstraat",
        "housenumber": 3,
        "housenumber_suffix": "A",
        "zipcode": "1234AB",
        "city": "Utrecht",
        "country": "Nederland",
        "country_code": "NL",
        "telephone": "0301234567",
        "mobile": "",
        **changes,
    }


EMPTY_ADDRESS = dict.fromkeys(address(), "") | {"housenumber": None, "country_code": None}


def header(**changes: Any) -> dict[str, Any]:
    """An order of 55.00 including 21 % tax; ``billing``, ``delivery`` and ``buyer`` change parts of its customer."""
    buyer = {
        "email": "jan@example.nl",
        "customertype": "b2c",
        "btw": "",
        "kvk": "",
        "billingaddress": changes.pop("billing", address()),
        "deliveryaddress": changes.pop("delivery", EMPTY_ADDRESS),
        **changes.pop("buyer", {}),
    }
    return _exact(
        {
            "id": 1001,
            "ordernumber_prefix": "W",
            "ordernumber": 25,
            "ordernumber_full": "W25",
            "create_date": "2026-01-14T10:11:12Z",
            "deliver_method": "shipping",
            "is_platform_sale": False,
            "orderedinlng": "nl",
            "status": 1,
            "is_completed": True,
            "paid": True,
            "paymethod_id": 3,
            "paymethod": "BankTransfer",
            "paymethod_label": "Vooraf overmaken",
            "taxes_included": True,
            "order_row_taxes_included": True,
            "shipping_taxes_included": True,
            "shipping_tax_percentage": 21,
            "is_intra_community_order": False,
            "total_shipping": 5,
            "total_discounts": 0,
            "total_price": 55,
            "total_tax": 9.55,
            "currency": "EUR",
            "paymethod_costs": 0,
            "credit_point_discount": 0,
            "extra_costs": 0,
            "extra_costs_description": "",
            "user": {"id": "77", "discount_percentage": 0},
            "discountcoupon": {"code": "", "discount": 0, "givesfreeshipping": False},
            "customer": buyer,
            **changes,
        }
    )


def row(count: Any = 2, price: Any = 25, tax: Any = 21, **changes: Any) -> dict[str, Any]:
    return _exact(
        {
            "id": 5001,
            "product_id": 900,
            "product_name": "Mug",
            "product_number": "MUG",
            "sub_product_number": "",
            "sub_sku_number": "",
            "sub_ean_number": "",
            "count": count,
            "price": price,
            "discount": 0,
            "tax": tax,
            "price_with_attributes": price,
            "attributes": [],
            **changes,
        }
    )


def _exact(body: dict[str, Any]) -> dict[str, Any]:
    """The body as it comes off the wire: fractions are exact."""
    result: dict[str, Any] = exact_json.loads(_text(body))
    return result


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{exact_json.dumps(key)}:{_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_text, value)) + "]"
    return repr(value) if isinstance(value, float) else exact_json.dumps(value)
