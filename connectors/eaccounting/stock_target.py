"""Take stock in: the balance of articles, as long as eAccounting's own stock module does not keep it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from pydantic import BaseModel

from commerce.problems import Problem, ProblemCode
from connectors.client import VendorClient
from connectors.declaration import RecordTargetDeclaration
from connectors.eaccounting.api import Api, Record
from connectors.eaccounting.article_body import differ, keeps_stock
from connectors.eaccounting.article_settings import StockSettings
from connectors.eaccounting.article_view import decimal_of
from connectors.eaccounting.product_target import ArticleRegister
from connectors.errors import RecordGone, RecordRefused
from connectors.protocols import Identifier
from connectors.records import Change, Existing, Key, RecordTarget, Removal, Written
from mapping.fields import Field, FieldKind
from mapping.rules import Rule

_FIELDS: Final = (
    Field("StockBalance", "Stock balance", FieldKind.NUMBER, places=4),
    Field("StockLocationReference", "Place in the warehouse"),
)


class StockTarget:
    """`RecordTarget` of stock."""

    def __init__(self, client: VendorClient) -> None:
        self._register = ArticleRegister(Api(client))

    async def find(self, keys: Sequence[Key], by: Identifier) -> Mapping[str, Existing | Problem]:
        """The articles that exist, with their balance."""
        return await self._register.find(keys, by, _FIELDS)

    async def write(self, changes: Sequence[Change]) -> Sequence[Written]:
        """Set balances, one after another; one that is right already is not sent."""
        return [await self._write(change) for change in changes]

    async def remove(self, existing: Existing, removal: Removal) -> None:
        """Set the balance to zero. Raises `RecordRefused` where the stock module keeps it."""
        if removal is Removal.ZERO:
            await self._set(existing.target_id, {"StockBalance": Decimal(0)}, existing.number)

    async def own_fields(self) -> Sequence[Field]:
        """None: the vendor has no custom fields."""
        return ()

    async def _write(self, change: Change) -> Written:
        held = change.existing
        if held is None:
            return Written(change.source_id, problem=_unknown(change.reference))
        try:
            await self._set(held.target_id, dict(change.values), change.reference)
        except RecordRefused as refusal:
            return Written(change.source_id, held.target_id, held.number, refusal.problem)
        except RecordGone:
            return Written(change.source_id, held.target_id, held.number, _unknown(change.reference))
        return Written(change.source_id, held.target_id, held.number)

    async def _set(self, article_id: str, values: Mapping[str, Any], reference: str) -> None:
        article = await self._register.read(article_id)
        members: Record = {
            name: value for name, value in values.items() if value is not None and differ(article.get(name), value)
        }
        wanted = members.get("StockBalance")
        if wanted is not None and keeps_stock(article):
            raise RecordRefused(_module_keeps(reference, wanted))
        if not members:
            return
        after = await self._register.replace(article, members)
        if wanted is not None and decimal_of(after, "StockBalance", f"Article {reference}") != wanted:
            raise RecordRefused(_module_keeps(reference, wanted))


def _module_keeps(reference: str, balance: Decimal) -> Problem:
    return Problem(
        code=ProblemCode.REFUSED_BY_TARGET,
        field="StockBalance",
        value=f"{balance.normalize():f}",
        sentence=(
            f"Article {reference}: the balance {balance.normalize():f} was not taken, because the stock module of"
            " eAccounting keeps it and lets no one else change it. Send stock from eAccounting to the other system"
            " instead, or have the stock module switched off, and retry."
        ),
    )


def _unknown(reference: str) -> Problem:
    return Problem(
        code=ProblemCode.UNKNOWN_PRODUCT,
        field="Number",
        value=reference,
        sentence=(
            f"Stock of {reference}: there is no such article in eAccounting. Create it there, or let a products flow do"
            " so, and retry."
        ),
    )


def _open(client: VendorClient, _connection: BaseModel, _settings: BaseModel) -> RecordTarget:
    return StockTarget(client)


STOCK_TARGET: Final = RecordTargetDeclaration(
    open=_open,
    settings=StockSettings,
    fields=_FIELDS,
    mapping=(Rule(target="StockBalance", expression="quantity"),),
    settle=timedelta(seconds=30),
    creates=False,
    identifiers=frozenset({Identifier.SKU, Identifier.EAN}),
    removals=frozenset({Removal.LEAVE, Removal.ZERO}),
)
