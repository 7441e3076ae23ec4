"""The fiscal years of the company and the accounts of each, which a journal entry needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from commerce.problems import Problem, ProblemCode
from connectors.eaccounting.api import Api, Record
from connectors.eaccounting.company import Remembered
from connectors.errors import RecordRefused

_DATE_LENGTH: Final = len("2026-12-31")


@dataclass(frozen=True)
class FiscalYear:
    """A year that the company keeps books for; both days belong to it."""

    year_id: str
    first: date
    last: date
    locked: bool

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"


class VoucherBooks:
    """Fiscal years and accounts, remembered for some minutes; what is not found is looked up once more."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._years = Remembered(self._fetch_years)
        self._accounts: dict[str, Remembered[Mapping[str, Record]]] = {}

    async def year_of(self, day: date) -> FiscalYear | None:
        """The fiscal year that a day lies in."""
        return next((year for year in await self._years.get() if year.first <= day <= year.last), None)

    async def open_year(self, reference: str, day: date) -> FiscalYear:
        """The fiscal year that an order's entry goes into.

        Raises:
            RecordRefused: ``PERIOD_CLOSED`` when there is none, or it is locked.
        """
        year = await self.year_of(day)
        if year is None or year.locked:
            # Somebody may have created or opened it since.
            self._years.forget()
            year = await self.year_of(day)
        if year is None:
            raise RecordRefused(_closed(reference, day, "there is no fiscal year for that day", "Create it"))
        if year.locked:
            raise RecordRefused(_closed(reference, day, f"the fiscal year {year} is locked", "Open it"))
        return year

    async def require_accounts(self, reference: str, year: FiscalYear, named: Mapping[str, str]) -> None:
        """Check accounts before anything is sent; ``named`` is account number → the setting that names it.

        Raises:
            RecordRefused: ``INVALID_VALUE`` naming setting and number, when one does not exist or is inactive.
        """
        accounts = await self._accounts_of(year)
        if not all(_usable(accounts.get(number)) for number in named):
            self._accounts.pop(year.year_id, None)
            accounts = await self._accounts_of(year)
        for number, setting in named.items():
            account = accounts.get(number)
            if not _usable(account):
                raise RecordRefused(_unusable(reference, number, setting, year, exists=account is not None))

    async def _accounts_of(self, year: FiscalYear) -> Mapping[str, Record]:
        async def fetch() -> Mapping[str, Record]:
            return {str(account["Number"]): account for account in await ledger_accounts(self._api, year)}

        return await self._accounts.setdefault(year.year_id, Remembered(fetch)).get()

    async def _fetch_years(self) -> list[FiscalYear]:
        return await fiscal_years(self._api)


async def fiscal_years(api: Api) -> list[FiscalYear]:
    """All fiscal years of the company, read now."""
    return [
        FiscalYear(
            str(year["Id"]),
            date.fromisoformat(str(year["StartDate"])[:_DATE_LENGTH]),
            date.fromisoformat(str(year["EndDate"])[:_DATE_LENGTH]),
            bool(year.get("IsLockedForAccounting")),
        )
        for year in await api.records("/fiscalyears", "read the fiscal years")
    ]


async def ledger_accounts(api: Api, year: FiscalYear) -> list[Record]:
    """All accounts of a fiscal year, read now."""
    return await api.records(f"/accounts/{year.year_id}", "read the accounts of the fiscal year")


def _usable(account: Record | None) -> bool:
    return account is not None and bool(account.get("IsActive", True))


def _closed(reference: str, day: date, why: str, advice: str) -> Problem:
    return Problem(
        code=ProblemCode.PERIOD_CLOSED,
        field="VoucherDate",
        value=day.isoformat(),
        sentence=f"Order {reference} is of {day}, and {why} in eAccounting. {advice} there, and retry.",
    )


def _unusable(reference: str, number: str, setting: str, year: FiscalYear, *, exists: bool) -> Problem:
    fault = "is inactive" if exists else "does not exist"
    advice = "Activate it" if exists else "Create it"
    return Problem(
        code=ProblemCode.INVALID_VALUE,
        field=setting,
        value=number,
        sentence=(
            f"Order {reference}: account {number} ({setting.replace('_', ' ')}) {fault} in eAccounting in the fiscal"
            f" year {year}. {advice} there or choose another account in the flow's settings, and retry."
        ),
    )
