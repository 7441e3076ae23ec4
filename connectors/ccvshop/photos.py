"""Photos of a product: which of them are ours, and what is missing. Source: CCV Shop API documentation, product photos.

The shop keeps no checksum and no name of ours for a photo, so the last line of the product's internal memo tells which
photo came from which address. A photo is uploaded once per address; photos that people put in the shop stay.
"""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from commerce.problems import Problem, ProblemCode
from connectors.ccvshop.api import ROOT, items_of
from connectors.client import VendorClient
from connectors.errors import RecordGone, RecordRefused, Temporary
from connectors.images import Picture, fetch_picture

_MARKS = re.compile(r"\s*\[Longshore photos:([0-9a-f=>? ]*)\]")
_DIGEST = 12
MOST_PHOTOS = 20
"""What one product gets at most; all missing ones are held in memory together."""


@dataclass(frozen=True)
class WantedPhoto:
    """A photo that a mapping gave."""

    url: str
    alt: str = ""

    @property
    def digest(self) -> str:
        """What stands for the address in the memo."""
        return digest_of(self.url)


def digest_of(url: str) -> str:
    """A short text that stands for an address."""
    return hashlib.sha256(url.encode()).hexdigest()[:_DIGEST]


def wanted_photos(record: str, value: Any) -> list[WantedPhoto]:
    """The photos that a mapping gave: addresses, or groups with ``url`` and ``alt``; the first is the main one.

    Raises:
        RecordRefused: It is something else.
    """
    photos: dict[str, WantedPhoto] = {}
    for entry in value if isinstance(value, list | tuple) else [None]:
        url, alt = (entry.get("url"), entry.get("alt")) if isinstance(entry, Mapping) else (entry, "")
        if not isinstance(url, str):
            sentence = (
                f'{record}: "{str(value)[:60]}" is not a list of addresses of pictures. '
                "Correct the mapping row for photos, then retry."
            )
            problem = Problem(code=ProblemCode.INVALID_VALUE, field="photos", value=str(value)[:60], sentence=sentence)
            raise RecordRefused(problem)
        if url:
            photos.setdefault(url, WantedPhoto(url, str(alt or "")))
    return list(photos.values())[:MOST_PHOTOS]


@dataclass(frozen=True)
class PhotoMarks:
    """What the memo says: our photos by id, and those that were about to be uploaded after a certain photo."""

    ours: Mapping[int, str] = field(default_factory=dict)
    coming: tuple[str, ...] = ()
    after: int = 0

    @classmethod
    def read(cls, memo: str) -> tuple["PhotoMarks", str]:
        """The marks, and the memo that people see without them."""
        found = _MARKS.search(memo)
        if found is None:
            return cls(), memo
        ours: dict[int, str] = {}
        coming: list[str] = []
        after = 0
        for word in found[1].split():
            photo_id, _, digest = word.partition("=")
            if word[0] == ">" and word[1:].isdigit():
                after = int(word[1:])
            elif photo_id.isdigit():
                ours[int(photo_id)] = digest
            else:
                coming.append(digest)
        return cls(ours, tuple(coming), after), memo[: found.start()] + memo[found.end() :]

    def written(self, memo: str) -> str:
        """The memo with the marks."""
        words = [f"{photo_id}={digest}" for photo_id, digest in self.ours.items()]
        words += [f">{self.after}", *(f"?={digest}" for digest in self.coming)] if self.coming else []
        return f"{memo}\n[Longshore photos: {' '.join(words)}]".lstrip("\n") if words else memo

    def settled(self, photo_ids: Sequence[int]) -> "PhotoMarks":
        """The marks as the shop's photos bear them out.

        Photos that were about to be uploaded when something broke off are those that came after, in their order.
        """
        ours = {photo_id: digest for photo_id, digest in self.ours.items() if photo_id in photo_ids}
        new = [photo_id for photo_id in sorted(photo_ids) if photo_id > self.after and photo_id not in self.ours]
        return PhotoMarks({**ours, **dict(zip(new, self.coming, strict=False))} if self.coming else ours)


@dataclass(frozen=True)
class PhotoWork:
    """What is to be done for one product."""

    marks: PhotoMarks
    """To be in the memo before anything is uploaded."""
    uploads: Sequence[tuple[WantedPhoto, Picture]]
    surplus: Sequence[int]
    needs_main: bool
    problems: Sequence[Problem]
    """Of photos that could not be fetched; the others go on."""

    @property
    def is_needed(self) -> bool:
        """Whether anything is to be uploaded or removed."""
        return bool(self.uploads or self.surplus)


async def plan_photos(
    record: str, photos: Sequence[Mapping[str, Any]], marks: PhotoMarks, wanted: Sequence[WantedPhoto], largest: int
) -> PhotoWork:
    """Fetch what the product lacks; ``photos`` and ``marks`` are what it has. Writes nothing."""
    ids = [photo["id"] for photo in photos]
    settled = marks.settled(ids)
    digests = {photo.digest for photo in wanted}
    surplus = [photo_id for photo_id, digest in settled.ours.items() if digest not in digests]
    uploads: list[tuple[WantedPhoto, Picture]] = []
    problems: list[Problem] = []
    for photo in wanted:
        if photo.digest in settled.ours.values():
            continue
        try:
            uploads.append((photo, await fetch_picture(record, photo.url, largest)))
        except RecordRefused as refusal:
            problems.append(refusal.problem)
    staying_main = any(photo.get("is_mainphoto") for photo in photos if photo["id"] not in surplus)
    coming = tuple(photo.digest for photo, _ in uploads)
    return PhotoWork(
        PhotoMarks(settled.ours, coming, max(ids, default=0)), uploads, surplus, not staying_main, problems
    )


async def do_photos(
    client: VendorClient, record: str, product_id: str, work: PhotoWork
) -> tuple[PhotoMarks, list[Problem]]:
    """Upload and remove; gives the marks for the memo and what the shop refused.

    Raises:
        OutcomeUnknown: An answer was lost; the marks that stand in the memo tell the next run what happened.
    """
    problems: list[Problem] = []
    path = f"{ROOT}/products/{product_id}/productphotos/"
    ours = dict(work.marks.ours)
    needs_main = work.needs_main
    for photo, picture in work.uploads:
        body = {
            "file_type": picture.file_type,
            "source": base64.b64encode(picture.content).decode(),
            "alttext": photo.alt,
            "is_mainphoto": needs_main,
        }
        try:
            answer = await client.write("POST", path, body, operation=f"put a photo on {record}")
        except RecordRefused as refusal:
            problems.append(refusal.problem)
            continue
        needs_main = False
        created = answer.body.get("id") if isinstance(answer.body, dict) else None
        ours[created if isinstance(created, int) else await _newest(client, record, path)] = photo.digest
    for photo_id in work.surplus:
        ours.pop(photo_id, None)
        try:
            await client.write("DELETE", f"{ROOT}/productphotos/{photo_id}/", operation=f"take a photo off {record}")
        except RecordGone:
            continue
    return PhotoMarks(ours), problems


async def _newest(client: VendorClient, record: str, path: str) -> int:
    photos = items_of(await client.read("GET", path, operation=f"read the photos of {record}"))
    if not photos:
        raise Temporary(f"CCV Shop does not show the photo it was asked to put on {record}.")
    return int(max(photo["id"] for photo in photos))
