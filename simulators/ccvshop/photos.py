"""Product photos: stored bytes, checked as the shop would. Source: CCV Shop API documentation, product photos.

The vendor's size limit is unknown: the setting ``photo_max_bytes`` decides (500.21). A source that is no base64, or
whose first bytes are not those of the file type, is 500.22. The content is served without a signature at the photo's
``deeplink``, as a shop's own pages need it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any

from simulators.ccvshop import schema
from simulators.ccvshop.call import Call, Event, Reply
from simulators.ccvshop.collection import single_page
from simulators.ccvshop.refusal import Refusal
from simulators.ccvshop.shop import Record, Shop
from simulators.ccvshop.signing import moment_text
from simulators.kit import VendorAnswer

FOLDER = "/photos/"
_FIRST_BYTES = {
    "jpg": (b"\xff\xd8\xff", "image/jpeg"),
    "jpeg": (b"\xff\xd8\xff", "image/jpeg"),
    "png": (b"\x89PNG\r\n\x1a\n", "image/png"),
    "gif": (b"GIF8", "image/gif"),
    "webp": (b"RIFF", "image/webp"),
}


def list_photos(call: Call) -> Reply:
    """``GET /products/{id}/productphotos/``."""
    return 200, single_page(call.request, product_photos(call, call.found("products")["id"]))


def read_photo(call: Call) -> Reply:
    """``GET /productphotos/{id}/``."""
    return 200, _rendered(call, call.found("productphotos"))


def create_photo(call: Call) -> Reply:
    """``POST /products/{id}/productphotos/``; moves the product's ``modifydate``."""
    product = call.found("products")
    body, content = _checked(call, call.body())
    photo = store_photo(call.shop, product["id"], body, content)
    _touch(call, product["id"])
    return 201, _rendered(call, photo)


def replace_photos(call: Call) -> Reply:
    """``PUT /products/{id}/productphotos/``; an empty list removes all."""
    product = call.found("products")
    sent = schema.checked(call.body(), schema.PHOTOS_PUT, required=("productphotos",))["productphotos"]
    checked = [_checked(call, photo) for photo in sent]
    for photo in call.shop.table("productphotos").where("product_id", product["id"]):
        call.shop.delete("productphotos", photo["id"])
    for body, content in checked:
        store_photo(call.shop, product["id"], body, content)
    _touch(call, product["id"])
    return 204, None


def change_photo(call: Call) -> Reply:
    """``PATCH /productphotos/{id}/``: text and main photo only."""
    photo = call.found("productphotos")
    body = schema.checked(call.body(), schema.PHOTO_PATCH, not_null=("is_mainphoto",))
    call.refuse_if_unchanged({**photo, **body} == photo)
    _store(call.shop, {**photo, **body})
    return 204, None


def delete_photo(call: Call) -> Reply:
    """``DELETE /productphotos/{id}/``; moves the product's ``modifydate``."""
    photo = call.found("productphotos")
    call.shop.delete("productphotos", photo["id"])
    _touch(call, photo["product_id"])
    return 204, None


def product_photos(call: Call, product_id: int) -> list[Record]:
    """The photos of a product as answers show them."""
    return [_rendered(call, photo) for photo in call.shop.table("productphotos").where("product_id", product_id)]


def main_photo_link(call: Call, product_id: int) -> str:
    """The address of the product's main photo; empty text without one."""
    photos = call.shop.table("productphotos").where("product_id", product_id)
    return next((_link(call, photo) for photo in photos if photo["is_mainphoto"]), "")


def served_photo(shop: Shop, path: str) -> VendorAnswer | None:
    """The content at a photo's ``deeplink``; None for any other path."""
    if not path.startswith(FOLDER):
        return None
    name, _, extension = path.removeprefix(FOLDER).partition(".")
    content = shop.photo_bytes.get(int(name)) if name.isascii() and name.isdigit() else None
    if content is None or extension not in _FIRST_BYTES:
        return VendorAnswer.text(404, "Not found")
    return VendorAnswer(200, content, {"content-type": _FIRST_BYTES[extension][1]})


def photo_content(file_type: str, source: str) -> bytes:
    """The bytes of a photo's ``source``.

    Raises:
        Refusal: 500.22, no such file type, no base64, or other bytes than the type has.
    """
    kind = _FIRST_BYTES.get(file_type.lower())
    if kind is None:
        raise Refusal(500, "500.22", f"The file type {file_type} is invalid.")
    try:
        content = base64.b64decode(source, validate=True)
    except (binascii.Error, ValueError):
        raise Refusal(500, "500.22", "The property source is no base64.") from None
    if not content.startswith(kind[0]):
        raise Refusal(500, "500.22", f"The file is no {file_type}.")
    return content


def store_photo(shop: Shop, product_id: int, body: Record, content: bytes) -> Record:
    """Keep a photo and its bytes; a new main photo takes the place of the old one."""
    photo_id = body.get("id") or shop.next_id("productphotos")
    photo = {
        "id": photo_id,
        "product_id": product_id,
        "filename": f"{photo_id}.{body['file_type'].lower()}",
        "alttext": body.get("alttext") or "",
        "is_mainphoto": body.get("is_mainphoto") is True,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
    }
    shop.photo_bytes[photo_id] = content
    _store(shop, photo)
    return photo


def _store(shop: Shop, photo: Record) -> None:
    photos = shop.table("productphotos")
    if photo["is_mainphoto"]:
        for other in photos.where("product_id", photo["product_id"]):
            photos[other["id"]] = {**other, "is_mainphoto": False}
    photos[photo["id"]] = photo


def _checked(call: Call, body: Any) -> tuple[Record, bytes]:
    checked = schema.checked(body, schema.PHOTO_POST, required=("file_type", "source"))
    content = photo_content(checked["file_type"], checked["source"])
    if len(content) > call.settings["photo_max_bytes"]:
        raise Refusal(500, "500.21", f"The file is larger than {call.settings['photo_max_bytes']} bytes.")
    return checked, content


def _touch(call: Call, product_id: int) -> None:
    product = {**call.shop.products[product_id], "modifydate": moment_text(call.now)}
    call.shop.products[product_id] = product
    call.events.append(Event("products.updated", product))


def _link(call: Call, photo: Record) -> str:
    return f"{call.request.base_url}{FOLDER}{photo['filename']}"


def _rendered(call: Call, photo: Record) -> Record:
    shown = {name: value for name, value in photo.items() if name not in ("product_id", "sha256", "bytes")}
    parent = {"href": call.href("products", photo["product_id"])}
    return {"href": call.href("productphotos", photo["id"]), **shown, "deeplink": _link(call, photo), "parent": parent}
