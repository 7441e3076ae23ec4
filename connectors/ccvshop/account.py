"""Prove a connection and list what its owner can choose from."""

from collections.abc import Sequence

from commerce.problems import ProblemCode
from connectors.ccvshop.api import LARGEST_PAGE, ROOT, items_of, read_collection
from connectors.ccvshop.article_settings import TaxTariff
from connectors.ccvshop.fields import Fields
from connectors.ccvshop.groups import read_groups
from connectors.client import VendorClient
from connectors.errors import ConnectionRefused, RecordRefused, Temporary
from connectors.protocols import Choice

CHOICES = {
    "statuses": "Order statuses",
    "payment_methods": "Payment methods",
    "user_groups": "Customer groups",
    "packages": "Packages",
    "brands": "Brands",
    "tax_tariffs": "Tax tariffs",
    "carriers": "Carriers of recent orders",
}


class CcvAccount:
    """`Account` of one shop."""

    def __init__(self, client: VendorClient) -> None:
        self._client = client

    async def test(self) -> str:
        """Read what the key may use, and the shop's name."""
        resources = await self._items("/", "list what this API key may use")
        named = {resource.text("title").lower() for resource in resources}
        addressed = {resource.text("href").rstrip("/").rpartition("/")[2] for resource in resources}
        if "orders" not in named | addressed:
            raise ConnectionRefused(
                ProblemCode.CONNECTION_REFUSED,
                "The API key of this connection may not read orders. Give it that right under My web shop, Settings, "
                "API settings in the shop, then test again.",
            )
        return f'Connected to the shop "{(await self._shop()).text("name")}".'

    async def identify(self) -> None:
        """Nothing: the address says which shop it is."""

    async def choices(self, name: str) -> Sequence[Choice]:
        """A live list of the shop; the values are those that stand on orders."""
        lists = {
            "statuses": self._statuses,
            "payment_methods": self._payment_methods,
            "user_groups": self._user_groups,
            "packages": self._packages,
            "brands": self._brands,
            "tax_tariffs": self._tax_tariffs,
            "carriers": self._carriers,
        }
        return await lists[name]()

    async def _statuses(self) -> list[Choice]:
        shop = (await self._shop()).whole_number("id")
        operation = "read the settings of the shop"
        answer = await self._client.read("GET", f"{ROOT}/webshops/{shop}/settings/", operation=operation)
        settings = Fields("Shop settings", answer.body if isinstance(answer.body, dict) else {})
        found = settings.children("order_status") or [
            status for item in settings.children("items") for status in item.children("order_status")
        ]
        return [Choice(item.text("id"), item.text("status_name") or item.text("status")) for item in found]

    async def _payment_methods(self) -> list[Choice]:
        items = await self._items("/paymethods/", "list payment methods")
        found = {item.text("method"): item.text("label") or item.text("method") for item in items}
        return [Choice(value, label) for value, label in found.items() if value]

    async def _user_groups(self) -> list[Choice]:
        """None where the app for customer groups is not installed."""
        try:
            groups = await read_groups(self._client)
        except RecordRefused:
            return []
        return [Choice(group, name) for group, name in groups.items()]

    async def _carriers(self) -> list[Choice]:
        """Carriers are free text in the shop: those that stand on its newest orders."""
        params = {"orderby": "create_date_desc", "start": "0", "size": str(LARGEST_PAGE)}
        answer = await read_collection(self._client, f"{ROOT}/orders/", params, operation="list carriers")
        names = {Fields("Order", item).text("track_and_trace_carrier") for item in items_of(answer)}
        return [Choice(name, name) for name in sorted(names - {""})]

    async def _packages(self) -> list[Choice]:
        items = await self._items("/packages/", "list packages")
        return [Choice(item.text("id"), item.text("name")) for item in items]

    async def _brands(self) -> list[Choice]:
        items = await self._items("/brands/", "list brands")
        return [Choice(item.text("name"), item.text("name")) for item in items if item.text("name")]

    async def _tax_tariffs(self) -> list[Choice]:
        return [Choice(tariff, tariff.capitalize()) for tariff in TaxTariff]

    async def _shop(self) -> Fields:
        shops = await self._items("/webshops/", "read the name of the shop")
        if not shops:
            raise Temporary("CCV Shop named no shop for this API key.")
        return shops[0]

    async def _items(self, path: str, operation: str) -> list[Fields]:
        answer = await read_collection(self._client, ROOT + path, operation=operation)
        return [Fields("Shop", item) for item in items_of(answer)]
