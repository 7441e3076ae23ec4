"""Which account coding and labels an article gets."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from commerce.problems import Problem, ProblemCode
from connectors.eaccounting.api import Api, Record, answered
from connectors.eaccounting.by_rate import rate_text
from connectors.eaccounting.company import Remembered, percentage
from connectors.errors import OutcomeUnknown, RecordRefused

_GOODS: Final = "goods"
_LABELS: Final = "/articlelabels"


class Codings:
    """The account codings of the company, and which one a VAT percentage stands for."""

    def __init__(self, api: Api, chosen: Mapping[Decimal, str]) -> None:
        self._chosen = chosen
        self._codings = Remembered(lambda: api.records("/articleaccountcodings", "read the account codings"))

    async def rate(self, coding_id: str) -> Decimal | None:
        """The VAT percentage of a coding; None when there is no such coding."""
        return next((percentage(coding) for coding in await self._codings.get() if coding["Id"] == coding_id), None)

    async def for_rate(self, rate: Decimal, article: str) -> str:
        """The coding of a percentage: the chosen one, else the only active one of goods, else the only active one.

        Raises:
            RecordRefused: ``SETTING_MISSING`` when none or several fit.
        """
        chosen = self._chosen.get(rate)
        if chosen:
            return chosen
        fitting = [
            coding
            for coding in await self._codings.get()
            if coding.get("IsActive", True) and percentage(coding) == rate
        ]
        goods = [coding for coding in fitting if str(coding.get("Type") or "").lower() == _GOODS]
        hits = goods or fitting
        if len(hits) != 1:
            raise RecordRefused(_undecided(article, rate_text(rate), hits))
        return str(hits[0]["Id"])


class Labels:
    """The article labels of the company."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._ids = Remembered(self._fetch)

    async def named(self, names: Sequence[str]) -> list[Record]:
        """The labels of these names, in their order; those that do not exist are created.

        Raises:
            OutcomeUnknown: The answer to a creation was lost; the next time it is looked up first.
        """
        wanted = list(dict.fromkeys(name.strip() for name in names if name.strip()))
        known = await self._ids.get()
        if any(name.casefold() not in known for name in wanted):
            self._ids.forget()
            known = await self._ids.get()
        return [{"Id": known.get(name.casefold()) or await self._create(name), "Name": name} for name in wanted]

    async def _create(self, name: str) -> str:
        self._ids.forget()
        created = answered(await self._api.post(_LABELS, f"create the label {name}", {"Name": name}))
        if not created.get("Id"):
            raise OutcomeUnknown("eAccounting accepted a label but does not show it yet.", settled=True)
        return str(created["Id"])

    async def _fetch(self) -> dict[str, str]:
        labels = await self._api.records(_LABELS, "read the article labels")
        return {str(label["Name"]).casefold(): str(label["Id"]) for label in labels}


def _undecided(article: str, rate: str, fitting: Sequence[Record]) -> Problem:
    names = ", ".join(sorted(str(coding.get("Name")) for coding in fitting))
    why = f"several account codings have it ({names})" if fitting else "no account coding has it"
    return Problem(
        code=ProblemCode.SETTING_MISSING,
        field="coding",
        value=rate,
        sentence=(
            f"Article {article}: the VAT percentage is {rate}, and {why}. Choose the account coding for {rate} % in the"
            " settings of the flow, and retry."
        ),
    )
