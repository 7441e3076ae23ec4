"""What the shop and the books hold before the first run, and what people do there while the flows run."""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from demo.figures import SHIPPED
from demo.simulated import Simulated

RATES: Final = ("21", "0")
EXTRA_ARTICLES: Final = {"shipping": "SHIPPING", "fee": "FEE", "discount": "DISCOUNT", "rounding": "ROUNDING"}
"""What stands for an order's shipping, fee, discount and rounding: an article per rate of VAT."""
GROUPS: Final[Mapping[int, tuple[str, Decimal]]] = {1: ("Dealers", Decimal("0.80")), 2: ("Members", Decimal("0.95"))}
"""The shop's user groups, which are the books' price lists too, and what their customers pay."""
_DEALERS, _MEMBERS = GROUPS
_NEW_ARTICLES: Final = 12
_RENEWED_EVERY, _RECEIVED_EVERY, _ON_LISTS_EVERY, _MEMBER_EVERY = 10, 25, 30, 4
_DEARER: Final = Decimal("0.10")
_CHANGED: Final = 6
"""Articles that become dearer at once, and as many that are received."""
_CENT: Final = Decimal("0.01")
_COMPANY_WITH_STOCK_AND_LISTS: Final = {"stock_module": True, "product_variant": 5}
_CARRIER_WORD: Final = "PNL"
CARRIERS: Final = {_CARRIER_WORD: "PostNL"}
"""What people in the books write before a tracking code, and the carrier's name in the shop."""

Records = list[dict[str, Any]]


def extra_articles() -> Records:
    """The articles that every orders flow needs."""
    return [
        {"Number": f"{name}{rate}", "Name": f"{use} {rate} %", "vat_rate": int(rate), "SendToWebshop": False}
        for use, name in EXTRA_ARTICLES.items()
        for rate in RATES
    ]


async def fill_both(shop: Simulated, books: Simulated) -> None:
    """Make a going concern of a shop that has a day's orders, and of empty books.

    Both sides agree on most articles. Every tenth became dearer and got its bar code in the books, goods were received
    of every 25th, and some are new. Price lists stand for user groups. The books have not heard of today's sales.
    """
    held = await shop.state("products", "users", "orders")
    await books.call("PATCH", "/settings", _COMPANY_WITH_STOCK_AND_LISTS)
    products = _distinct(held["products"])
    await shop.load(
        products=[
            {"id": product["id"], "unit": "Stuk", "eannumber": "" if _is_renewed(place) else bar_code(place)}
            for place, product in enumerate(products)
        ],
        usergroups=[{"id": group, "groupname": name} for group, (name, _) in GROUPS.items()],
        users=[{"id": user["id"], "group_id": _group_of(user)} for user in held["users"]],
        groupprices=[
            {"product_id": product["id"], "usergroup_id": _DEALERS, "price": product["price"]}
            for product in products[::_ON_LISTS_EVERY][:5]
        ],
    )
    sold = _sold(held["orders"])
    articles = [_article(place, product, sold) for place, product in enumerate(products)]
    listed = [article for article in articles[::_ON_LISTS_EVERY] if article["GrossPrice"]]
    price_lists = [
        {"Name": name, "prices": [_list_price(article, share) for article in listed]} for name, share in GROUPS.values()
    ]
    await books.load(articles=[*articles, *_new_articles(), *extra_articles()], salespricelists=price_lists)


async def change_articles(books: Simulated) -> Records:
    """Make some articles dearer and receive goods of others, as a person in the books does; returns what changed."""
    articles = [row for row in (await books.state("articles"))["articles"] if row["IsStock"]]
    changes: Records = [
        {"Number": row["Number"], "GrossPrice": row["GrossPrice"] + _DEARER} for row in articles[1 : 1 + _CHANGED]
    ]
    changes += [{"Number": row["Number"], "StockBalance": row["StockBalance"] + 100} for row in articles[-_CHANGED:]]
    await books.load(articles=changes)
    return changes


async def ship(books: Simulated, count: int, without_code: int) -> tuple[int, list[int]]:
    """Mark orders as shipped, as a person in the books does; returns how many, and those without code yet."""
    orders = (await books.state("orders"))["orders"]
    ongoing = [order["Number"] for order in orders if order["Status"] < SHIPPED and order["BuyersOrderReference"]]
    chosen = ongoing[:count]
    bare = chosen[:without_code]
    shipped = [
        {"Number": number, "Status": SHIPPED, **({} if number in bare else {"text_rows": [_tracking(number)]})}
        for number in chosen
    ]
    await books.load(orders=shipped)
    return len(shipped), bare


async def write_codes(books: Simulated, numbers: Sequence[int]) -> None:
    """Write the tracking codes on orders that were shipped without."""
    await books.load(orders=[{"Number": number, "text_rows": [_tracking(number)]} for number in numbers])


def bar_code(place: int) -> str:
    """A made-up EAN-13 with a right check digit."""
    digits = f"29{place:010d}"
    weighed = sum(int(digit) * (1, 3)[at % 2] for at, digit in enumerate(digits))
    return f"{digits}{-weighed % 10}"


def _tracking(number: int) -> str:
    return f"Track & trace: {_CARRIER_WORD} 3SDEMO{number:06d}"


def _distinct(products: Records) -> Records:
    """One per number; the books do not tell capitals from small letters."""
    return list({product["productnumber"].casefold(): product for product in reversed(products)}.values())[::-1]


def _sold(orders: Records) -> Counter[str]:
    sold: Counter[str] = Counter()
    for order in orders:
        for row in order["orderrows"]:
            if row["product_number"] and row["count"] > 0:
                sold[row["product_number"].casefold()] += int(row["count"])
    return sold


def _article(place: int, product: Mapping[str, Any], sold: Counter[str]) -> dict[str, Any]:
    number = product["productnumber"]
    received = 40 if place % _RECEIVED_EVERY == 0 else 0
    return {
        "Number": number,
        "Name": " ".join(product["name"].split())[:50],
        "GrossPrice": product["price"] + (_DEARER if _is_renewed(place) else 0),
        "vat_rate": 21,
        "IsStock": True,
        "StockBalance": product["stock"] + sold[number.casefold()] + received,
        "Barcodes": [{"Barcode": bar_code(place), "BarcodeType": 0}],
        **({"ArticleLabels": [{"Name": "Renewed"}]} if _is_renewed(place) else {}),
    }


def _new_articles() -> Records:
    return [
        {
            "Number": f"NEW-{place:03d}",
            "Name": f"New article {place}",
            "GrossPrice": Decimal("9.95") + place,
            "vat_rate": 9 if place % 3 == 0 else 21,
            "IsStock": True,
            "StockBalance": 10 * place,
            "Barcodes": [{"Barcode": bar_code(900_000 + place), "BarcodeType": 0}],
            "ArticleLabels": [{"Name": "New"}],
        }
        for place in range(1, _NEW_ARTICLES + 1)
    ]


def _list_price(article: Mapping[str, Any], share: Decimal) -> dict[str, Any]:
    net = article["GrossPrice"] / Decimal("1.21") * share
    return {"ArticleNumber": article["Number"], "NetPrice": net.quantize(_CENT, ROUND_HALF_UP)}


def _is_renewed(place: int) -> bool:
    return place % _RENEWED_EVERY == 0


def _group_of(user: Mapping[str, Any]) -> int | None:
    if user["userinfo"]["customertype"] == "b2b":
        return _DEALERS
    return _MEMBERS if user["id"] % _MEMBER_EVERY == 0 else None
