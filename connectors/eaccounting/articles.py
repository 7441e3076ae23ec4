"""Articles: found by number or barcode, many in one call, with the VAT rate their account coding gives them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from commerce.problems import Problem, ProblemCode
from connectors.eaccounting.api import Api, Record, quoted
from connectors.eaccounting.company import Company, Remembered
from connectors.eaccounting.lookups import batches, records_by_id
from connectors.errors import RecordRefused
from connectors.protocols import Identifier, ProductRef

_PATH: Final = "/articles"
_COMPARED: Final = "Id,Number,Barcodes,IsActive"


class Articles:
    """The article register."""

    def __init__(self, api: Api, company: Company) -> None:
        self._api = api
        self._company = company
        # Where numbers or barcodes cannot be filtered by. Only what is compared is kept: there may be 100,000 articles.
        self._everything = Remembered(lambda: api.records(_PATH, "read all articles", **{"$select": _COMPARED}))

    async def find(self, identifiers: Sequence[str], by: Identifier) -> Mapping[str, ProductRef]:
        """The articles that exist, keyed as asked: an exact match first, then the only one that differs in case.

        Raises:
            RecordRefused: ``AMBIGUOUS_MATCH`` when several articles answer to one identifier.
        """
        found: dict[str, ProductRef] = {}
        for identifier, hit in (await self.look_up(identifiers, by)).items():
            if isinstance(hit, Problem):
                raise RecordRefused(hit)
            found[identifier] = await self._reference(hit)
        return found

    async def look_up(self, identifiers: Sequence[str], by: Identifier) -> Mapping[str, Record | Problem]:
        """Like `find`, but the articles as they are, and ambiguous ones as problems beside the others."""
        wanted = [identifier for identifier in dict.fromkeys(identifiers) if identifier.strip()]
        names = _numbers if by is Identifier.SKU else _barcodes
        records = await self._search(wanted, by)
        complete = records is not None
        index = _index(await self._everything.get() if records is None else records, names)
        found = {identifier: _match(identifier, index, names) for identifier in wanted}
        if not complete:
            found = await self._completed(found)
        return {identifier: hit for identifier, hit in found.items() if hit is not None}

    async def by_id(self, article_ids: Sequence[str]) -> Mapping[str, Record]:
        """The articles that still exist, by id as asked."""
        return await records_by_id(self._api, _PATH, article_ids, "find articles")

    def forget(self) -> None:
        """Look again at what was kept, because an article is known to exist that was not found."""
        self._everything.forget()

    async def _completed(self, found: Mapping[str, Record | Problem | None]) -> dict[str, Record | Problem | None]:
        hits = {identifier: str(hit["Id"]) for identifier, hit in found.items() if isinstance(hit, dict)}
        current = await self.by_id(list(dict.fromkeys(hits.values())))
        return {**found, **{identifier: current.get(article_id) for identifier, article_id in hits.items()}}

    async def _search(self, wanted: Sequence[str], by: Identifier) -> list[Record] | None:
        if by is Identifier.SKU:
            conditions, frame = [f"Number eq {quoted(number.strip())}" for number in wanted], "{}"
        else:
            conditions, frame = [f"b/Barcode eq {quoted(code.strip())}" for code in wanted], "Barcodes/any(b: {})"
        records: dict[str, Record] = {}
        for batch in batches(conditions):
            found = await self._api.search(_PATH, "find articles", frame.format(" or ".join(batch)))
            if found is None:
                return None
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
                "coding_id": coding,
                "vat_rate": None if rate is None else f"{rate.normalize():f}",
            },
        )


def _numbers(article: Record) -> list[str]:
    return [str(article.get("Number") or "").strip()]


def _barcodes(article: Record) -> list[str]:
    return [str(entry.get("Barcode") or "").strip() for entry in article.get("Barcodes") or () if entry]


def _index(records: Sequence[Record], names: Callable[[Record], list[str]]) -> Mapping[str, list[Record]]:
    index: dict[str, list[Record]] = {}
    for record in records:
        for name in {name.casefold() for name in names(record)}:
            index.setdefault(name, []).append(record)
    return index


def _match(
    identifier: str, index: Mapping[str, list[Record]], names: Callable[[Record], list[str]]
) -> Record | Problem | None:
    wanted = identifier.strip()
    alike = index.get(wanted.casefold(), [])
    hits = [record for record in alike if wanted in names(record)] or alike
    hits = [record for record in hits if record.get("IsActive", True)] or hits
    if len(hits) > 1:
        return _ambiguous(identifier, [str(record.get("Number")) for record in hits])
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
