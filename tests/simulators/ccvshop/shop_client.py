"""A client that signs as the documentation says, and the shop it talks to in the same process."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx

from simulators.ccvshop import CcvShop
from simulators.kit import build_app, exactjson

PUBLIC = "k3y-public-0001"
SECRET = "s3cret-0001-not-real"
ROOT = "/api/rest/v1"


def signature(secret: str, *parts: str) -> str:
    return hmac.new(secret.encode(), "|".join(parts).encode(), hashlib.sha512).hexdigest()


class ShopClient:
    """Calls the simulated shop in the same process."""

    def __init__(self, shop: CcvShop, http: httpx.AsyncClient) -> None:
        self.simulator = shop
        self.http = http

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        secret: str = SECRET,
        public: str = PUBLIC,
        at: datetime | None = None,
    ) -> httpx.Response:
        content = "" if body is None else body if isinstance(body, str) else exactjson.dumps(body)
        request = self.http.build_request(method, f"{ROOT}{path}", content=content or None)
        date = (at or self.simulator.clock.now()).strftime("%Y-%m-%dT%H:%M:%SZ")
        target = request.url.raw_path.decode()
        request.headers["x-public"] = public
        request.headers["x-date"] = date
        request.headers["x-hash"] = signature(secret, public, method, target, content, date)
        return await self.http.send(request)

    async def get(self, path: str) -> Any:
        response = await self.call("GET", path)
        assert response.status_code == 200, response.text
        return exactjson.loads(response.content)

    async def items(self, path: str) -> list[Any]:
        items: list[Any] = (await self.get(path))["items"]
        return items

    async def made(self, path: str, body: Any) -> Any:
        response = await self.call("POST", path, body)
        assert response.status_code == 201, response.text
        return exactjson.loads(response.content)

    async def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str | None, str]:
        response = await self.call(method, path, body)
        assert response.status_code >= 400
        error = json.loads(response.content)
        assert error["status"] == response.status_code
        return error["status"], error.get("code"), error["developermessage"]

    async def faults(self, *rules: dict[str, Any]) -> None:
        response = await self.http.put("/_sim/faults", json=list(rules))
        assert response.status_code == 200, response.text


@contextlib.asynccontextmanager
async def open_shop(**settings: Any) -> AsyncIterator[ShopClient]:
    shop = CcvShop()
    shop.change_settings(settings)
    transport = httpx.ASGITransport(app=build_app(shop))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.example.com") as http:
        yield ShopClient(shop, http)
    await shop.close()
