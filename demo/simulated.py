"""The control interface of a simulated vendor, as the demo and the benches use it."""

from typing import Any

import httpx

from connectors import exact_json


class Simulated:
    """One simulator through its control interface."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._http = httpx.AsyncClient(base_url=f"{base_url}/_sim", timeout=60)

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """One control call; numbers stay exact."""
        content = None if body is None else exact_json.dumps(body)
        answer = await self._http.request(method, path, content=content)
        answer.raise_for_status()
        return exact_json.loads(answer.content) if answer.content else None

    async def state(self, *kinds: str) -> dict[str, Any]:
        """What it holds of these kinds."""
        state: dict[str, Any] = await self.call("GET", f"/state?only={','.join(kinds)}")
        return state

    async def load(self, **records: Any) -> None:
        """Take records in, or change known ones as a person would."""
        await self.call("POST", "/load", records)

    async def vendor_calls(self) -> int:
        """How many requests the vendor's side has received."""
        return int((await self.call("GET", f"/requests?since={2**31}"))["next"])

    async def aclose(self) -> None:
        """Close the connection."""
        await self._http.aclose()
