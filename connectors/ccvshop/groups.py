"""Customer groups of a shop and what articles cost them. Source: CCV Shop API documentation, user group adjustments."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from http import HTTPStatus
from typing import Any

from commerce.problems import Problem, ProblemCode
from connectors.answers import Action, Answer
from connectors.ccvshop.api import LARGEST_PAGE, ROOT, items_of, next_path, read_collection
from connectors.ccvshop.fields import Fields
from connectors.ccvshop.writing import refusal
from connectors.client import VendorClient
from connectors.errors import ConnectionRefused, RecordRefused, Temporary
from connectors.protocols import RefusedListing

ADJUSTMENTS = f"{ROOT}/usergroupproductadjustments/"
_REMEMBERED_SECONDS = 600
_REMEMBERED_PRICES = 200_000
_FEW = 3
"""Up to so many prices of a group are asked one by one, the list of a group being one long answer."""
_UNKNOWN_RESOURCE = "404.20"


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What a product costs a group; without a price the product is only hidden, or costs what it costs everyone."""

    adjustment_id: int
    group: str
    product_id: int
    price: Decimal | None
    discount: Decimal | None
    hidden: bool


async def read_groups(client: VendorClient) -> dict[str, str]:
    """The customer groups: id → name.

    Raises:
        RecordRefused: The shop has no customer groups, since its B2B app is not installed.
        ConnectionRefused: The shop refuses the key.
    """
    path: str | None = f"{ROOT}/usergroups/"
    params: Mapping[str, str] | None = {"orderby": "id", "start": "0", "size": str(LARGEST_PAGE)}
    groups: dict[str, str] = {}
    while path:
        answer = await client.read(
            "GET", path, params, operation="list customer groups", accept={Action.PARK_CONNECTION}
        )
        _require_groups(answer)
        for item in items_of(answer):
            group = Fields("Customer group", item)
            groups[str(group.whole_number("id"))] = group.text("groupname")
        path, params = next_path(answer), None
    return groups


async def shop_currency(client: VendorClient) -> str:
    """The one currency that prices of the shop are in."""
    shops = await read_collection(client, f"{ROOT}/webshops/", operation="read the name of the shop")
    shop = Fields("Shop", next(iter(items_of(shops)), {})).whole_number("id")
    path = f"{ROOT}/webshops/{shop}/settings/"
    settings = await client.read("GET", path, operation="read the settings of the shop")
    return Fields("Shop settings", settings.body or {}).text("currency").upper()


async def read_price(client: VendorClient, price_id: str) -> Adjustment | None:
    """One price of a group; None when it does not exist. Raises `RecordRefused` when it cannot be understood."""
    if not (price_id.isascii() and price_id.isdigit()):
        return None
    operation = f"read the group price {price_id}"
    answer = await client.read("GET", f"{ADJUSTMENTS}{price_id}/", operation=operation, accept={Action.GONE})
    if answer.status >= HTTPStatus.BAD_REQUEST:
        return None
    if not isinstance(answer.body, dict):
        raise Temporary(f"CCV Shop did not send the group price {price_id}.")
    return _adjustment(answer.body)


class GroupPrices:
    """Groups, remembered for ten minutes, and their prices, which are handed out in parts from one reading."""

    def __init__(self, client: VendorClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._groups: tuple[float, dict[str, str]] | None = None
        self._lists: dict[str, tuple[float, dict[int, list[Adjustment]]]] = {}
        self._refused: dict[str, list[RefusedListing]] = {}

    async def groups(self) -> Mapping[str, str]:
        """The groups: id → name. Raises as `read_groups`."""
        if self._groups is None or self._is_old(self._groups[0]):
            self._groups = (self._clock(), await read_groups(self._client))
        return self._groups[1]

    async def of(self, group: str, product_ids: Iterable[int]) -> Mapping[int, list[Adjustment] | Problem]:
        """What these products, and perhaps others, cost a group: product id → prices, of which there should be one.

        A price that cannot be understood is left out of a list, or a problem where its product was asked for alone.
        """
        # Never from memory: another worker may have written since.
        wanted = set(product_ids)
        if len(wanted) <= _FEW:
            return {product_id: await self._asked(group, product_id) for product_id in wanted}
        found, _ = await self._read(group)
        return {**found}

    async def all_of(self, group: str) -> list[Adjustment]:
        """All prices of a group, by id."""
        known = self._lists.get(group)
        if known is None or self._is_old(known[0]):
            found, self._refused[group] = await self._read(group)
            if sum(len(prices) for _, prices in self._lists.values()) > _REMEMBERED_PRICES:
                self._lists.clear()
            self._lists[group] = known = (self._clock(), found)
        return sorted((one for prices in known[1].values() for one in prices), key=lambda one: one.adjustment_id)

    def refused_of(self, group: str) -> Sequence[RefusedListing]:
        """What could not be understood when all prices of a group were read last."""
        return self._refused.get(group, ())

    async def ask(self, group: str, product_id: int) -> list[Adjustment]:
        """What one product costs a group, as it is now."""
        return [_adjustment(item) for item in await self._list(group, {"product_id": str(product_id)})]

    async def _asked(self, group: str, product_id: int) -> list[Adjustment] | Problem:
        try:
            return await self.ask(group, product_id)
        except RecordRefused as refused:
            return refused.problem

    def forget(self, group: str) -> None:
        """Read the prices of a group anew the next time."""
        self._lists.pop(group, None)

    async def _read(self, group: str) -> tuple[dict[int, list[Adjustment]], list[RefusedListing]]:
        """The prices of a group as they are now, and those that could not be understood."""
        found: defaultdict[int, list[Adjustment]] = defaultdict(list)
        refused: list[RefusedListing] = []
        for item in await self._list(group, {}):
            try:
                adjustment = _adjustment(item)
                found[adjustment.product_id].append(adjustment)
            except RecordRefused as refusal_of_one:
                sentence = refusal_of_one.problem.sentence
                refused.append(RefusedListing(str(item.get("id") or ""), sentence, item))
        return found, refused

    async def _list(self, group: str, narrowed: Mapping[str, str]) -> list[dict[str, Any]]:
        params = {"usergroup_id": group, **narrowed}
        operation = f"list the prices of customer group {group}"
        answer = await self._client.read("GET", ADJUSTMENTS, params, operation=operation)
        return items_of(answer)

    def _is_old(self, read_at: float) -> bool:
        return self._clock() - read_at > _REMEMBERED_SECONDS


def _adjustment(item: Mapping[str, Any]) -> Adjustment:
    fields = Fields("Price of a customer group", item)
    return Adjustment(
        adjustment_id=fields.whole_number("id"),
        group=str(fields.whole_number("usergroup_id")),
        product_id=fields.whole_number("product_id"),
        price=fields.amount("price"),
        discount=fields.amount("discount"),
        hidden=fields.flag("hidden"),
    )


def _require_groups(answer: Answer) -> None:
    if answer.status < HTTPStatus.BAD_REQUEST:
        return
    if isinstance(answer.body, dict) and answer.body.get("code") == _UNKNOWN_RESOURCE:
        raise refusal(
            ProblemCode.REFUSED_BY_TARGET,
            "usergroups",
            _UNKNOWN_RESOURCE,
            "The shop has no customer groups, or the API key of this connection has no right to them. Install the B2B "
            "app in the shop's App Store, or give the key that right, then retry.",
        )
    raise ConnectionRefused(
        ProblemCode.CONNECTION_REFUSED,
        f"The shop does not let this connection list customer groups (HTTP {answer.status}). "
        "Give its API key the right to them, then reconnect it.",
    )
