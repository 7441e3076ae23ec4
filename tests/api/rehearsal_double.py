"""Rehearsals that answer at once, for tests of what the API makes of them; they know which records exist."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from commerce.problems import Problem, ProblemCode
from connectors.order_flow import SettingsRefused
from connectors.rehearsed import (
    BackTest,
    Changed,
    ComparedItem,
    Difference,
    Expected,
    Preview,
    PreviewWish,
    RehearsedRecord,
    VersionDifference,
    WriteCall,
)
from store import Store

PLACED_AT = datetime(2026, 11, 20, 10, 11, tzinfo=UTC)
REFUSED = Problem(code=ProblemCode.MISSING_FIELD, field="sku", value="", sentence="Record B has no SKU.")


@dataclass
class KnownRehearsals:
    """Says the same of every flow and item of the workspace."""

    store: Store
    wishes: list[PreviewWish] = field(default_factory=list)

    async def preview(self, workspace_id: str, flow_id: str, wish: PreviewWish) -> Preview:
        await self.store.flows.get(workspace_id, flow_id)
        self.wishes.append(wish)
        body = {"Price": Decimal("1.10"), "ShippedAt": PLACED_AT, "Labels": ("a", "b")}
        call = WriteCall("The books", "create A", "POST", "/records", {"Price": Decimal("1.10")})
        differences = {"Price": Difference(None, Decimal("1.10"))}
        made = RehearsedRecord("1", "A", Expected.CREATE, body=body, differences=differences, calls=[call])
        return Preview([made, RehearsedRecord("2", "B", Expected.PROBLEM, problems=[REFUSED])], next_page="2")

    async def back_test(
        self, workspace_id: str, flow_id: str, rows: Sequence[Mapping[str, Any]], count: int
    ) -> BackTest:
        del count
        await self.store.flows.get(workspace_id, flow_id)
        if any(row["target"] == "unknown" for row in rows):
            raise SettingsRefused("The rule for “unknown” is refused.")
        alike = ComparedItem("itm_1", "1", "A", {})
        changed = ComparedItem("itm_2", "2", "B", {"Price": Changed(Decimal("1.10"), None)})
        return BackTest([alike, changed], unread=3)

    async def difference(self, workspace_id: str, item_id: str, as_it_was: int) -> VersionDifference:
        item = await self.store.items.get(workspace_id, item_id)
        compared = ComparedItem(item.id, item.source_id, item.reference, {"Name": Changed("a", "b")})
        return VersionDifference(as_it_was, as_it_was + 1, compared)
