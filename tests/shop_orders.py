"""Native orders of the simulated shop, as tests place them."""

from decimal import Decimal
from typing import Any


def shop_order(number: int, **members: Any) -> dict[str, Any]:
    """A native CCV Shop order of one mug for a Dutch consumer, as the simulator loads it; totals are added up there."""
    rows = members.pop("rows", None) or [shop_row("MUG", 2, Decimal("12.10"))]
    address = {
        "first_name": "Jan",
        "last_name": "Jansen",
        "street": "Dorpsstraat",
        "housenumber": 3,
        "housenumber_suffix": "A",
        "zipcode": "1234AB",
        "city": "Utrecht",
        "country_code": "NL",
        "telephone": "0301234567",
        **members.pop("address", {}),
    }
    customer = {"email": f"buyer{number}@example.nl", "billingaddress": address, **members.pop("customer", {})}
    return {
        "id": number,
        "ordernumber": number,
        "ordernumber_full": str(number),
        "create_date": "2026-11-20T10:11:12Z",
        "status": 1,
        "is_completed": True,
        "paid": True,
        "paymethod": "Ideal",
        "order_row_taxes_included": True,
        "shipping_taxes_included": True,
        "taxes_included": True,
        "shipping_tax_percentage": 21,
        "total_shipping": Decimal(0),
        "currency": "EUR",
        "customer": customer,
        "orderrows": rows,
        **members,
    }


def shop_row(number: str, count: int | Decimal, price: Decimal, tax: int = 21, **members: Any) -> dict[str, Any]:
    """One native line of such an order."""
    return {
        "product_number": number,
        "product_name": f"A {number}",
        "count": count,
        "price": price,
        "tax": tax,
        **members,
    }
