"""Articles, customers and price lists put in through the control interface.

An entry that names a known record by its id or number changes that record as a person in the books would: only the
members given, and its moment of the last change moves. Names in small letters are short ways to say things the vendor
says with ids or in several calls.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from simulators.eaccounting.account import Account, fixed_id
from simulators.eaccounting.masterdata import agreed_prices, next_customer_number
from simulators.eaccounting.models import Record, Stored, fill
from simulators.eaccounting.pricelists import follow_currency, set_price
from simulators.eaccounting.seed import coding_for_rate
from simulators.kit import ControlError

_PRICES: Final = ("NetPrice", "GrossPrice")
_MOVEMENT: Final = frozenset({"StockBalance"})


def load_article(account: Account, entry: Record) -> None:
    """Store an article, or change the one with this `Id` or `Number`.

    `vat_rate` (percent) stands for `CodingId`; a label of `ArticleLabels` may be given by `Name` alone and is created.
    A change of nothing but `StockBalance` is a stock movement and moves `ChangedUtc` only when the setting
    `stock_touches_changed` says so. A price without VAT alone sets the one with VAT, and the other way round.
    """
    rate = entry.pop("vat_rate", None)
    labels = _labels(account, entry.pop("ArticleLabels", None))
    values = fill("Article", entry)
    if labels is not None:
        values["ArticleLabels"] = labels
    if rate is not None:
        values["CodingId"] = coding_for_rate(account, Decimal(rate))["Id"]
    known = _known(account, "articles", values, "Number")
    if known is not None:
        _change_article(account, known, values)
        return
    if not values.get("Number"):
        raise ControlError("An article needs a Number.")
    # The coding's and unit's own ids are kept, not the equal texts of every entry.
    values["CodingId"] = account.get("articleaccountcodings", values.get("CodingId") or _usual_coding(account))["Id"]
    values["UnitId"] = account.get("units", values.get("UnitId") or account.records("units")[0]["Id"])["Id"]
    values = {
        "Name": values["Number"],
        "NetPrice": Decimal(0),
        "GrossPrice": Decimal(0),
        "IsActive": True,
        "SendToWebshop": True,
        **values,
    }
    values["NetPrice"], values["GrossPrice"] = agreed_prices(values, account.coding(values)["VatRatePercent"])
    values["Id"] = values.get("Id") or fixed_id("articles", str(values["Number"]))
    account.add("articles", values)


def load_customer(account: Account, entry: Record) -> None:
    """Store a customer, or change the one with this `Id` or `CustomerNumber`.

    `price_list` (name of a list) stands for `SalesPriceListId`.
    """
    list_name = entry.pop("price_list", None)
    values = fill("Customer", entry)
    if list_name is not None:
        values["SalesPriceListId"] = _price_list(account, {"Name": list_name})["Id"]
    known = _known(account, "customers", values, "CustomerNumber")
    if known is not None:
        known.update(values)
        account.index("customers", known)
        _touch(account, known, values)
        return
    number = values["CustomerNumber"] = values.get("CustomerNumber") or next_customer_number(account)
    defaults = {
        "Name": f"Customer {number}",
        "InvoiceCity": "Utrecht",
        "InvoicePostalCode": "3511 AA",
        "InvoiceCountryCode": account.country,
        "CurrencyCode": account.currency,
        "TermsOfPaymentId": account.records("termsofpayments")[0]["Id"],
        "Id": fixed_id("customers", str(number)),
        "IsActive": True,
    }
    given = {name: value for name, value in values.items() if value is not None}
    account.add("customers", {**defaults, **given})


def load_price_list(account: Account, entry: Record) -> None:
    """Store a price list, or change the one with this `Id`, `Number` or `Name`.

    `prices` sets its prices: `[{"ArticleNumber": "SKU-1", "NetPrice": 8}]`; see `load_price`.
    """
    prices = entry.pop("prices", [])
    values = fill("SalesPriceList", entry)
    price_list = _find_price_list(account, values)
    if price_list is None:
        price_list = _new_price_list(account, values)
    elif set(values) - {"Id", "Number", "Name"} or values.get("Name") not in (None, price_list["Name"]):
        price_list.update(values)
        follow_currency(account, price_list)
        _touch(account, price_list, values)
    for price in prices:
        if not isinstance(price, dict):
            raise ControlError("Every entry of prices must be an object.")
        load_price(account, {**price, "SalesPriceListId": price_list["Id"]})


def load_price(account: Account, entry: Record) -> None:
    """Set one price of a list; a `NetPrice` of null takes the article out of the list.

    The list is named by `SalesPriceListId` or `price_list` (its name), the article by `ArticleId` or `ArticleNumber`.
    """
    entry = dict(entry)
    list_name, number = entry.pop("price_list", None), entry.pop("ArticleNumber", None)
    removed = entry.get("NetPrice", 0) is None
    values = fill("SalesPriceListRow", entry)
    price_list = _price_list(account, {"Name": list_name, "Id": values.get("SalesPriceListId")})
    article = article_named(account, number) if number is not None else account.get("articles", values["ArticleId"])
    if removed:
        account.tables["salespricelistrows"].pop(f"{price_list['Id']}/{article['Id']}", None)
        return
    row = set_price(account, price_list, article["Id"], values.get("NetPrice", Decimal(0)))
    row["ChangedUtc"] = values.get("ChangedUtc") or row["ChangedUtc"]


def article_named(account: Account, number: Any) -> Stored:
    """Give the article with this number.

    Raises:
        ControlError: There is none.
    """
    article = account.numbered("articles", str(number))
    if article is None:
        raise ControlError(f"There is no article with the number {number}.")
    return article


def _change_article(account: Account, article: Stored, values: Record) -> None:
    changed = {name for name, value in values.items() if article[name] != value}
    changes = {**article.whole(), **values}
    one_price = len(changed.intersection(_PRICES)) == 1
    if one_price or article["CodingId"] != changes["CodingId"]:
        computed = "NetPrice" if "GrossPrice" in changed and "NetPrice" not in changed else "GrossPrice"
        changes[computed] = Decimal(0)
        values["NetPrice"], values["GrossPrice"] = agreed_prices(changes, account.coding(changes)["VatRatePercent"])
    elif changed.intersection(_PRICES):
        agreed_prices(changes, account.coding(changes)["VatRatePercent"])
    if "StockBalance" in changed and not account.settings["stock_module"]:
        article["StockBalanceManuallyChangedUtc"] = account.stamp()
    article.update(values)
    account.index("articles", article)
    if changed != _MOVEMENT or account.settings["stock_touches_changed"]:
        _touch(account, article, values)


def _labels(account: Account, entries: Any) -> list[Stored] | None:
    if entries is None:
        return None
    known = {label["Name"]: label for label in account.records("articlelabels")}
    labels = []
    for entry in entries:
        values = fill("ArticleLabel", entry)
        if values.get("Id"):
            labels.append(account.get("articlelabels", values["Id"]))
            continue
        name = values.get("Name")
        if name not in known:
            values["Id"] = fixed_id("articlelabels", str(name))
            known[name] = account.add("articlelabels", values)
        labels.append(known[name])
    return labels


def _known(account: Account, kind: str, values: Record, member: str) -> Stored | None:
    number = values.get(member)
    numbered = account.numbered(kind, number) if number else None
    identified = account.tables[kind].get(values.get("Id") or "")
    if values.get("Id") and numbered is not None and numbered is not identified:
        raise ControlError(f"{member} {number} belongs to another record of {kind}.")
    return identified or numbered


def _usual_coding(account: Account) -> str:
    coding_id: str = coding_for_rate(account, Decimal(21))["Id"]
    return coding_id


def _new_price_list(account: Account, values: Record) -> Stored:
    if not values.get("Name"):
        raise ControlError("A price list needs a Name.")
    number = values.get("Number") or account.next_number("salespricelists")
    account.series["salespricelists"] = max(account.series["salespricelists"], number)
    defaults = {
        "Id": fixed_id("salespricelists", str(values["Name"])),
        "CurrencyCode": account.currency,
        "IsActive": True,
    }
    return account.add("salespricelists", {**defaults, **values, "Number": number})


def _find_price_list(account: Account, values: Record) -> Stored | None:
    for member in ("Id", "Number", "Name"):
        wanted = values.get(member)
        if wanted:
            found = [entry for entry in account.records("salespricelists") if entry[member] == wanted]
            if found or member != "Name":
                return found[0] if found else None
    return None


def _price_list(account: Account, values: Record) -> Stored:
    found = _find_price_list(account, values)
    if found is None:
        raise ControlError(f"There is no price list {values.get('Id') or values.get('Name')}.")
    return found


def _touch(account: Account, record: Stored, values: Record) -> None:
    if not values.get("ChangedUtc"):
        account.touch(record)
