"""Sales price lists and their prices; only the Pro variant has them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from simulators.eaccounting.account import Account
from simulators.eaccounting.errors import CAN_NOT_BE_DELETED, FieldError, Refusal, invalid
from simulators.eaccounting.models import Record, Stored, clean
from simulators.eaccounting.totals import cents

_MOST_ROWS: Final = 1000


def create_price_list(account: Account, body: Record) -> Record:
    """Create a price list; it is active unless the body says otherwise."""
    values = _list_values(account, body)
    values["Number"] = account.next_number("salespricelists")
    if values["IsActive"] is None:
        values["IsActive"] = True
    return account.created("salespricelists", values)


def replace_price_list(account: Account, stored: Stored, body: Record) -> Record:
    """Replace a price list's own members; its prices stay and follow its currency."""
    stored.update(_list_values(account, body))
    follow_currency(account, stored)
    account.touch(stored)
    return stored


def delete_price_list(account: Account, stored: Record) -> None:
    """Delete a price list that no customer uses.

    Raises:
        Refusal: 400 and 4001.
    """
    if any(customer["SalesPriceListId"] == stored["Id"] for customer in account.records("customers")):
        raise Refusal(CAN_NOT_BE_DELETED, "The price list is used by customers.")
    remove_price_list(account, stored)


def remove_price_list(account: Account, stored: Record) -> None:
    """Take a price list out of the account with its prices, whoever uses it."""
    del account.tables["salespricelists"][stored["Id"]]
    for key in [key for key in account.tables["salespricelistrows"] if key.startswith(f"{stored['Id']}/")]:
        del account.tables["salespricelistrows"][key]


def put_prices(account: Account, price_list: Record, body: Any) -> list[Record]:
    """Set up to 1000 prices of a list; articles that are not named keep theirs.

    Raises:
        Refusal: 400 with 2000 or 3000; then no price is changed.
    """
    if not isinstance(body, list):
        raise invalid("$", "A list of prices is expected.")
    if len(body) > _MOST_ROWS:
        raise invalid("$", f"At most {_MOST_ROWS} prices are allowed.")
    prices = [clean("SalesPriceListRow", row) for row in body]
    for index, price in enumerate(prices):
        if price["ArticleId"] is None:
            raise Refusal(2000, "The model is not valid.", fields=[FieldError(f"[{index}].ArticleId", "Required.")])
        account.get("articles", price["ArticleId"])
    return [set_price(account, price_list, price["ArticleId"], price["NetPrice"]) for price in prices]


def prices_of(account: Account, list_id: str | None = None) -> list[Stored]:
    """Give the prices of one list, or of all."""
    rows = account.records("salespricelistrows")
    return rows if list_id is None else [row for row in rows if row["SalesPriceListId"] == list_id]


def set_price(account: Account, price_list: Record, article_id: str, net: Decimal) -> Record:
    """Set the price of one article in a list; the price with VAT follows from the article's coding."""
    rate = account.coding(account.get("articles", article_id))["VatRatePercent"]
    key = f"{price_list['Id']}/{article_id}"
    row = {
        "SalesPriceListId": price_list["Id"],
        "ArticleId": article_id,
        "NetPrice": net,
        "GrossPrice": cents(net * (1 + rate)),
        "CurrencyCode": price_list["CurrencyCode"],
        "ChangedUtc": account.stamp(),
    }
    stored = account.tables["salespricelistrows"].get(key)
    if stored is None:
        return account.add("salespricelistrows", row, key)
    stored.update(row)
    return stored


def follow_currency(account: Account, price_list: Record) -> None:
    """Give the prices of a list the currency the list has now."""
    for row in prices_of(account, price_list["Id"]):
        if row["CurrencyCode"] != price_list["CurrencyCode"]:
            row["CurrencyCode"] = price_list["CurrencyCode"]
            account.touch(row)


def _list_values(account: Account, body: Record) -> Record:
    values = clean("SalesPriceList", body)
    values["CurrencyCode"] = values["CurrencyCode"] or account.currency
    if values["CurrencyCode"] not in account.tables["currencies"]:
        raise invalid("CurrencyCode", f"The currency {values['CurrencyCode']} is not one of the company's.")
    return values
