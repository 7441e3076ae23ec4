"""Accounts of the ledger and vouchers: journal entries that balance, which the API can neither change nor delete.

Source: the vendor's Swagger document of October 2021. Which error codes a voucher is refused with is not published;
this simulator names an unknown account with 3002 and everything else about the rows with 2000.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from simulators.eaccounting.account import Account, fixed_id
from simulators.eaccounting.errors import ACCOUNT_NOT_FOUND, Refusal, invalid, not_found
from simulators.eaccounting.invoices import check_period
from simulators.eaccounting.models import Record, Stored, clean, fill
from simulators.kit import ControlError

_MANUAL: Final = 2
_SERIES: Final = "A"
_COST_CENTRES: Final = ("CostCenterItemId1", "CostCenterItemId2", "CostCenterItemId3")

_ACCOUNTS: Final[list[tuple[int, str, str, dict[str, Any]]]] = [
    (1000, "Kas", "", {}),
    (1100, "Zakelijke rekening", "", {}),
    (1150, "Betaaldienst", "", {}),
    (1300, "Debiteuren", "", {"IsBlockedForManualBooking": True}),
    (1500, "Btw hoog", "", {}),
    (1510, "Btw laag", "", {}),
    (4950, "Afrondingsverschillen", "", {}),
    (8000, "Omzet 0 %", "1e", {"IsCostCenterAllowed": True}),
    (8090, "Omzet 9 %", "1b", {"IsCostCenterAllowed": True, "IsProjectAllowed": True}),
    (8210, "Omzet 21 %", "1a", {"IsCostCenterAllowed": True, "IsProjectAllowed": True}),
    (8500, "Verzendkosten 21 %", "1a", {}),
    (8510, "Betalingskosten 21 %", "1a", {}),
    (8990, "Omzet oud", "1a", {"IsActive": False}),
]
"""Number, name, VAT code and marks of the accounts that a new Dutch company has in every fiscal year."""


def sow_accounts(account: Account) -> None:
    """Give every fiscal year the accounts of a new company."""
    for year in account.records("fiscalyears"):
        for number, name, code, marks in _ACCOUNTS:
            values = {
                "Number": str(number),
                "Name": name,
                "FiscalYearId": year["Id"],
                "VatCodeId": fixed_id("vatcodes", code) if code else None,
                "IsActive": True,
                **marks,
            }
            account.add("accounts", values, _key(year["Id"], number))


def load_account(account: Account, entry: Record) -> None:
    """Take an account in, or change a known one; without a fiscal year it is one of every year.

    Raises:
        ControlError: It has no number.
    """
    values = fill("LedgerAccount", entry)
    if not values.get("Number"):
        raise ControlError("An account needs a Number.")
    years = (
        [values["FiscalYearId"]]
        if values.get("FiscalYearId")
        else [one["Id"] for one in account.records("fiscalyears")]
    )
    for year_id in years:
        key = _key(year_id, values["Number"])
        known = account.tables["accounts"].get(key)
        if known is not None:
            known.update(values)
        else:
            defaults = {"Name": values["Number"], "IsActive": True}
            account.add("accounts", {**defaults, **values, "FiscalYearId": year_id}, key)


def accounts_of(account: Account, year_id: str) -> list[Stored]:
    """Give the accounts of a fiscal year."""
    return [one for one in account.records("accounts") if one["FiscalYearId"] == year_id]


def one_account(account: Account, year_id: str, number: str) -> Stored:
    """Give an account by fiscal year and number.

    Raises:
        Refusal: 404 and 3000.
    """
    found = account.tables["accounts"].get(_key(year_id, number))
    if found is None:
        raise not_found("account", number, in_path=True)
    return found


def vouchers_of(account: Account, year: Record) -> list[Stored]:
    """Give the vouchers that are dated in a fiscal year."""
    return [one for one in account.records("vouchers") if year["StartDate"] <= one["VoucherDate"] <= year["EndDate"]]


def create_voucher(account: Account, body: Record, *, default_vat_codes: bool) -> Record:
    """Book a voucher; without VAT codes of their own its rows get those of their accounts.

    Raises:
        Refusal: 400 with 2000 for rows that do not balance or are not one-sided, 3001, 4026 or 4038 for a day that
            can not be booked, 3002 for an unknown or inactive account.
    """
    values = clean("Voucher", body)
    year = check_period(account, values["VoucherDate"])
    if not values["VoucherText"].strip():
        raise invalid("VoucherText", "VoucherText is required.")
    if not values["Rows"]:
        raise invalid("Rows", "A voucher needs rows.")
    for at, row in enumerate(values["Rows"]):
        _complete(account, row, f"Rows[{at}]", year, default_vat_codes=default_vat_codes)
    debit, credit = (sum((row[side] for row in values["Rows"]), Decimal(0)) for side in ("DebitAmount", "CreditAmount"))
    if debit != credit:
        raise invalid("Rows", f"The voucher does not balance: debit {debit}, credit {credit}.")
    series = values["NumberSeries"] or _SERIES
    values["NumberSeries"] = series
    number = account.next_number(f"vouchers.{year['Id']}.{series}")
    values["NumberAndNumberSeries"] = f"{series}{number}"
    values["VoucherType"] = _MANUAL
    return account.created("vouchers", values)


def _complete(account: Account, row: Record, path: str, year: Record, *, default_vat_codes: bool) -> None:
    number = row["AccountNumber"]
    booked = account.tables["accounts"].get(_key(year["Id"], number))
    if booked is None or not booked["IsActive"]:
        raise Refusal(ACCOUNT_NOT_FOUND, f"The account {number} was not found in the fiscal year.")
    if booked["IsBlockedForManualBooking"]:
        raise invalid(f"{path}.AccountNumber", f"The account {number} is blocked for manual booking.")
    if bool(row["DebitAmount"]) == bool(row["CreditAmount"]):
        raise invalid(f"{path}.DebitAmount", "A row has either a debit or a credit amount.")
    if any(row[name] for name in _COST_CENTRES) and not booked["IsCostCenterAllowed"]:
        raise invalid(f"{path}.CostCenterItemId1", f"The account {number} takes no cost centres.")
    if row["ProjectId"] and not booked["IsProjectAllowed"]:
        raise invalid(f"{path}.ProjectId", f"The account {number} takes no projects.")
    account.require("vatcodes", row["VatCodeId"])
    if row["VatCodeId"] is None and default_vat_codes:
        row["VatCodeId"] = booked["VatCodeId"]
    row["AccountDescription"] = booked["Name"]


def _key(year_id: str, number: object) -> str:
    return f"{year_id}/{number}".lower()
