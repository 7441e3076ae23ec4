"""Articles: found by number or barcode, many in one call, with the VAT rate their account coding gives them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from commerce.problems import Problem, ProblemCode
from connectors.eaccounting.api import Api, Record, quoted
from connectors.eaccounting.company import Company, Remembered
from connectors.eaccounting.lookups import batches
from connectors.errors import RecordRefused
from connectors.protocols import Identifier, ProductRef

_PATH: Final = "/articles"


class Articles:
    """The article register."""

    def __init__(self, api: Api, company: Company) -> None:
        self._api = api
        self._company = company
        self._everything = Remembered(lambda: api.records(_PATH, "read all articles"))

    async def find(self, identifiers: Sequence[str], by: Identifier) -> Mapping[str, ProductRef]:
        """The articles that exist, keyed as asked: an exact match first, then the only one that differs in case.

        Raises:
            RecordRefused: ``AMBIGUOUS_MATCH`` when several articles answer to one identifier.
        """
        wanted = [identifier for identifier in dict.fromkeys(identifiers) if identifier.strip()]
        if by is Identifier.SKU:
            records = await self._search(wanted, lambda number: f"Number eq {quoted(number)}", "", "")
            names = _numbers
        else:
            records = await self._search(wanted, lambda code: f"b/Barcode eq {quoted(code)}", "Barcodes/any(b: ", ")")
            names = _barcodes
        found = {identifier: _match(identifier, records, names) for identifier in wanted}
        return {identifier: await self._reference(record) for identifier, record in found.items() if record is not None}

    async def _search(
        self, wanted: Sequence[str], condition: Callable[[str], str], before: str, after: str
    ) -> list[Record]:
        records: dict[str, Record] = {}
        for batch in batches([condition(identifier.strip()) for identifier in wanted]):
            found = await self._api.search(_PATH, "find articles", f"{before}{' or '.join(batch)}{after}")
            if found is None:
                return await self._everything.get()
            records |= {str(record["Id"]): record for record in found}
        return list(records.values())

    async def _reference(self, article: Record) -> ProductRef:
        coding = str(article.get("CodingId") or "")
        rate = await self._company.vat_rate(coding)
        return ProductRef(
            target_id=str(article["Id"]),
            number=str(article.get("Number") or ""),
            details={
                "name": str(article.get("Name") or ""),
                "active": bool(article.get("IsActive", True)),
                "coding": str(article.get("CodingName") or coding),
                "vat_rate": None if rate is None else f"{rate.normalize():f}",
            },
        )


def _numbers(article: Record) -> list[str]:
    return [str(article.get("Number") or "").strip()]


def _barcodes(article: Record) -> list[str]:
    return [str(entry.get("Barcode") or "").strip() for entry in article.get("Barcodes") or () if entry]


def _match(identifier: str, records: Sequence[Record], names: Callable[[Record], list[str]]) -> Record | None:
    wanted = identifier.strip()
    exact = [record for record in records if wanted in names(record)]
    folded = wanted.casefold()
    hits = exact or [record for record in records if folded in [name.casefold() for name in names(record)]]
    active = [record for record in hits if record.get("IsActive", True)]
    hits = active or hits
    if len(hits) > 1:
        raise RecordRefused(_ambiguous(identifier, [str(record.get("Number")) for record in hits]))
    return hits[0] if hits else None


def _ambiguous(identifier: str, numbers: Sequence[str]) -> Problem:
    listed = ", ".join(sorted(numbers))
    return Problem(
        code=ProblemCode.AMBIGUOUS_MATCH,
        field="product",
        value=identifier,
        sentence=(
            f"Product {identifier}: several articles in eAccounting answer to it ({listed}). Give it to one of them"
            " only, and retry."
        ),
    )
