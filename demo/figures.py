"""How every flow came out: its states from the ledger, all the rest from what the two simulators hold."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

SHIPPED: Final = 3
"""Of the books: an order that left the house."""
_SENT: Final = 5
"""Of the shop: the same."""

State = Mapping[str, Any]
Totals = dict[str, str]


@dataclass
class Figures:
    """One flow's outcome, as the JSON file gives it."""

    integration: str
    flow: str
    source: str
    target: str
    listed: int = 0
    done: int = 0
    skipped: int = 0
    parked: int = 0
    in_flight: int = 0
    released: int = 0
    duplicates: int = 0
    missing: int = 0
    source_total: Totals = field(default_factory=dict)
    target_total: Totals = field(default_factory=dict)
    """By currency, or by the name of what is counted; a count at the target holds only what equals the source."""
    vendor_calls: dict[str, int] = field(default_factory=dict)
    """Requests that each of the two accounts has received since the simulators began, whichever flow sent them."""

    def add_up(self) -> bool:
        """Whether nothing is lost, doubled or different."""
        whole = self.listed == self.done + self.skipped + self.parked + self.in_flight
        return whole and not self.duplicates and not self.missing and self.source_total == self.target_total


@dataclass(frozen=True)
class Compared:
    """What the two sides hold of one kind."""

    duplicates: int
    missing: int
    source_total: Totals
    target_total: Totals


@dataclass(frozen=True)
class Held:
    """What both simulators hold, and what the flow of the kind let wait or left out."""

    shop: State
    books: State
    excused: Collection[str]
    """References of records that are skipped or parked."""
    orders_left_out: Collection[str] = ()
    """Numbers of orders that are skipped: their pieces are on no way to the books."""
    lists_of_groups: Mapping[str, str] = field(default_factory=dict)
    """The shop's user group → the price list that stands for it."""


def compare_orders(held: Held) -> Compared:
    """Every order of the shop is one document of the books with the same total."""
    written = Counter(str(row["BuyersOrderReference"]) for row in held.books["orders"])
    orders = {row["ordernumber_full"]: row for row in held.shop["orders"]}
    wanted = {number: row for number, row in orders.items() if number not in held.excused}
    documents = [row for row in held.books["orders"] if row["BuyersOrderReference"] not in held.excused]
    return Compared(
        duplicates=_doubled(written),
        missing=sum(number not in written for number in wanted),
        source_total=_money((row["currency"], row["total_price_text"]) for row in wanted.values()),
        target_total=_money((row["CurrencyCode"], row["total_incl_vat"]) for row in documents),
    )


def compare_customers(held: Held) -> Compared:
    """Every registered customer of the shop is one customer of the books, with the price list of its group."""
    users = {_email(user["userinfo"]["email"]): user for user in held.shop["users"]}
    wanted = {email: user for email, user in users.items() if str(user["id"]) not in held.excused}
    customers = {_email(one["EmailAddress"]): one for one in held.books["customers"]}
    equal = [
        email
        for email, user in wanted.items()
        if email in customers and _same_customer(user, customers[email], held.lists_of_groups)
    ]
    return Compared(
        duplicates=_doubled(Counter(_email(one["EmailAddress"]) for one in held.books["customers"])),
        missing=sum(email not in customers for email in wanted),
        source_total=_count(customers=len(wanted)),
        target_total=_count(customers=len(equal)),
    )


def compare_products(held: Held) -> Compared:
    """Every article for the web shop is one product with the same name and the same price."""
    products = {row["productnumber"]: row for row in held.shop["products"]}
    wanted = [row for row in held.books["articles"] if row["SendToWebshop"] and row["Number"] not in held.excused]
    pairs = [(row, products[row["Number"]]) for row in wanted if row["Number"] in products]
    equal = sum(row["Name"] == product["name"] and row["GrossPrice"] == product["price"] for row, product in pairs)
    return Compared(
        duplicates=_doubled(Counter(row["productnumber"] for row in held.shop["products"])),
        missing=len(wanted) - len(pairs),
        source_total=_money(("EUR", row["GrossPrice"]) for row in wanted) | _count(products=len(wanted)),
        target_total=_money(("EUR", product["price"]) for _, product in pairs) | _count(products=equal),
    )


def compare_stock(held: Held) -> Compared:
    """The shop has what the books have available, less the pieces in orders that are not in the books yet."""
    products = {row["productnumber"]: row for row in held.shop["products"]}
    pieces = _pieces_on_their_way(held)
    wanted = {
        row["Number"]: row["StockBalanceAvailable"] - pieces[row["Number"]]
        for row in held.books["articles"]
        if row["IsStock"] and row["Number"] not in held.excused
    }
    found = {number: products[number]["stock"] for number in wanted if number in products}
    equal = sum(found[number] == wanted[number] for number in found)
    return Compared(
        duplicates=0,
        missing=len(wanted) - len(found),
        source_total=_count(articles=len(wanted), pieces=sum(wanted.values())),
        target_total=_count(articles=equal, pieces=sum(found.values())),
    )


def compare_prices(held: Held) -> Compared:
    """Every price of a price list is one price of its user group."""
    numbers = {row["Id"]: row["Number"] for row in held.books["articles"]}
    products = {row["id"]: row["productnumber"] for row in held.shop["products"]}
    shown = [(row["usergroup_id"], products.get(row["product_id"], ""), row["price"]) for row in held.shop[_GROUPS]]
    groups = {price_list: int(group) for group, price_list in held.lists_of_groups.items()}
    wanted = {
        (groups[row["SalesPriceListId"]], numbers[row["ArticleId"]]): row["GrossPrice"]
        for row in held.books["salespricelistrows"]
        if row["SalesPriceListId"] in groups
    }
    found = {(group, number): price for group, number, price in shown if (group, number) in wanted}
    equal = sum(found[key] == wanted[key] for key in found)
    return Compared(
        duplicates=_doubled(Counter((group, number) for group, number, _ in shown)),
        missing=len(wanted) - len(found),
        source_total=_money(("EUR", price) for price in wanted.values()) | _count(prices=len(wanted)),
        target_total=_money(("EUR", price) for price in found.values()) | _count(prices=equal),
    )


def compare_shipments(held: Held) -> Compared:
    """Every order that left the house is marked as sent in the shop, with its code, and its buyer was told once."""
    orders = {row["ordernumber_full"]: row for row in held.shop["orders"]}
    wanted = {
        str(row["BuyersOrderReference"]): _code_of(row)
        for row in held.books["orders"]
        if row["Status"] == SHIPPED and str(row["Number"]) not in held.excused
    }
    sent = {number: orders[number] for number in wanted if number in orders and orders[number]["status"] == _SENT}
    codes = [number for number, code in wanted.items() if code]
    equal = [number for number in codes if number in sent and sent[number]["track_and_trace_code"] == wanted[number]]
    return Compared(
        duplicates=_doubled(Counter(mail["order_id"] for mail in held.shop["mails"])),
        missing=len(wanted) - len(sent),
        source_total=_count(shipments=len(wanted), codes=len(codes)),
        target_total=_count(shipments=len(sent), codes=len(equal)),
    )


COMPARED: Final[Mapping[str, Callable[[Held], Compared]]] = {
    "orders": compare_orders,
    "customers": compare_customers,
    "products": compare_products,
    "stock": compare_stock,
    "prices": compare_prices,
    "shipments": compare_shipments,
}
_GROUPS: Final = "usergroupproductadjustments"
SHOP_KINDS: Final = ("orders", "products", "users", _GROUPS, "mails")
"""What is compared of the shop."""
BOOKS_KINDS: Final = ("orders", "articles", "customers", "salespricelistrows")
"""What is compared of the books."""


def _pieces_on_their_way(held: Held) -> Counter[str]:
    through = {str(row["BuyersOrderReference"]) for row in held.books["orders"]} | {*held.orders_left_out}
    pieces: Counter[str] = Counter()
    for order in held.shop["orders"]:
        if order["ordernumber_full"] not in through:
            for row in order["orderrows"]:
                if row["product_number"] and row["count"] > 0:
                    pieces[row["product_number"]] += int(row["count"])
    return pieces


def _code_of(order: Mapping[str, Any]) -> str:
    """The last word of the last text row; the demo writes no other text rows behind an order."""
    texts = [row["Text"] for row in order["Rows"] if row["IsTextRow"] and str(row["Text"]).startswith("Track")]
    return str(texts[-1]).split()[-1] if texts else ""


def _same_customer(user: Mapping[str, Any], customer: Mapping[str, Any], lists: Mapping[str, str]) -> bool:
    postcode = user["userinfo"]["billingaddress"]["zipcode"]
    price_list = lists.get(str(user["group_id"] or ""))
    return bool(customer["InvoicePostalCode"] == postcode and customer["SalesPriceListId"] == price_list)


def _email(address: Any) -> str:
    return str(address or "").strip().casefold()


def _doubled(seen: Counter[Any]) -> int:
    return sum(count - 1 for count in seen.values())


def _money(amounts: Iterable[tuple[str, Any]]) -> Totals:
    totals: dict[str, Decimal] = {}
    for currency, amount in amounts:
        totals[currency] = totals.get(currency, Decimal(0)) + Decimal(str(amount))
    return {currency: format(amount, ".2f") for currency, amount in sorted(totals.items())}


def _count(**counts: int | Decimal) -> Totals:
    return {name: f"{Decimal(count).normalize():f}" for name, count in counts.items()}
