"""Product photos of the simulated CCV Shop."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from tests.simulators.ccvshop.shop_client import open_shop

MUG = {"id": 900, "name": "Mug", "modifydate": "2026-01-01T00:00:00Z"}
PNG = b"\x89PNG\r\n\x1a\n" + b"a small picture"
SOURCE = base64.b64encode(PNG).decode()
PHOTOS = "/products/900/productphotos/"


async def test_photo_is_kept_served_and_moves_the_product() -> None:
    async with open_shop() as shop:
        shop.simulator.load({"products": [MUG]})
        photo = await shop.made(PHOTOS, {"file_type": "png", "source": SOURCE, "alttext": "Mug", "is_mainphoto": True})
        assert (photo["alttext"], photo["is_mainphoto"]) == ("Mug", True)
        assert (await shop.http.get(photo["deeplink"])).content == PNG
        product = await shop.get("/products/900/")
        assert product["productmainphoto"] == photo["deeplink"]
        assert product["modifydate"] > "2026-01-01"
        (shown,) = shop.simulator.record("products", "900")["photos"]
        assert (shown["sha256"], shown["bytes"]) == (hashlib.sha256(PNG).hexdigest(), len(PNG))
        assert "sha256" not in photo


async def test_one_main_photo_and_none_without_asking() -> None:
    async with open_shop() as shop:
        shop.simulator.load({"products": [MUG]})
        first = await shop.made(PHOTOS, {"file_type": "png", "source": SOURCE})
        assert (await shop.get("/products/900/"))["productmainphoto"] == ""
        second = await shop.made(PHOTOS, {"file_type": "PNG", "source": SOURCE, "is_mainphoto": True})
        await shop.call("PATCH", f"/productphotos/{first['id']}/", {"is_mainphoto": True, "alttext": "Blue"})
        photos = {photo["id"]: photo["is_mainphoto"] for photo in await shop.items(PHOTOS)}
        assert photos == {first["id"]: True, second["id"]: False}
        assert (await shop.refused("PATCH", f"/productphotos/{first['id']}/", {"source": SOURCE}))[0] == 400


async def test_photos_are_replaced_and_removed() -> None:
    async with open_shop() as shop:
        shop.simulator.load(
            {"products": [MUG], "productphotos": [{"product_id": 900, "file_type": "png", "source": SOURCE}]}
        )
        (old,) = await shop.items(PHOTOS)
        one = {"file_type": "png", "source": SOURCE}
        assert (await shop.call("PUT", PHOTOS, {"productphotos": [one, one]})).status_code == 204
        photos = await shop.items(PHOTOS)
        assert len(photos) == 2
        assert (await shop.refused("GET", f"/productphotos/{old['id']}/"))[0] == 404
        assert (await shop.http.get(old["deeplink"])).status_code == 404
        assert (await shop.call("DELETE", f"/productphotos/{photos[0]['id']}/")).status_code == 204
        await shop.call("PUT", PHOTOS, {"productphotos": []})
        assert await shop.items(PHOTOS) == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"file_type": "png"}, 400, None),
        ({"file_type": "png", "source": SOURCE, "filename": "mug.png"}, 400, None),
        ({"file_type": "bmp", "source": SOURCE}, 500, "500.22"),
        ({"file_type": "png", "source": f"data:image/png;base64,{SOURCE}"}, 500, "500.22"),
        ({"file_type": "jpg", "source": SOURCE}, 500, "500.22"),
        ({"file_type": "png", "source": base64.b64encode(PNG * 5).decode()}, 500, "500.21"),
    ],
)
async def test_photos_that_are_refused(body: dict[str, Any], status: int, code: str | None) -> None:
    async with open_shop(photo_max_bytes=50) as shop:
        shop.simulator.load({"products": [MUG]})
        assert (await shop.refused("POST", PHOTOS, body))[:2] == (status, code)
        assert await shop.items(PHOTOS) == []


async def test_body_that_is_too_large() -> None:
    async with open_shop(body_max_bytes=100) as shop:
        shop.simulator.load({"products": [MUG]})
        body = {"file_type": "png", "source": base64.b64encode(PNG * 10).decode()}
        assert (await shop.refused("POST", PHOTOS, body))[:2] == (500, "500.80")
