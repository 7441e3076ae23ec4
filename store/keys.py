"""The key ring: encrypts what is kept, bound to the row it belongs to, and lets keys be renewed."""

import base64
import binascii
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
COMPRESS_ABOVE_BYTES = 1024

_FORMAT = 1
_NONCE_BYTES = 12
_PLAIN = 0
_COMPRESSED = 1
_LONGEST_KEY_ID = 32


class KeyRingError(ValueError):
    """The text of a key ring cannot be used; the message says what is wrong, without any key."""


class UndecipherableError(Exception):
    """A stored value cannot be opened: its key is not in the ring, it belongs to another row, or it was changed."""


def _parse_entry(entry: str) -> tuple[str, bytes]:
    key_id, separator, encoded = entry.partition(":")
    key_id = key_id.strip()
    if not separator or not key_id:
        raise KeyRingError('Every key is written as "name:key", several with commas between; one has no name.')
    if len(key_id) > _LONGEST_KEY_ID or not key_id.isascii() or not key_id.isprintable():
        raise KeyRingError(f"A key's name has at most {_LONGEST_KEY_ID} plain characters.")
    try:
        key = base64.b64decode(
            encoded.strip(), altchars=b"-_" if "-" in encoded or "_" in encoded else None, validate=True
        )
    except (binascii.Error, ValueError) as error:
        raise KeyRingError(f'Key "{key_id}" is not base64.') from error
    if len(key) != KEY_BYTES:
        raise KeyRingError(
            f'Key "{key_id}" has {len(key)} bytes, it needs {KEY_BYTES}. Make one with KeyRing.generate().'
        )
    return key_id, key


@dataclass(frozen=True)
class KeyRing:
    """Named keys, newest first: the first encrypts, all decrypt.

    To renew: put a new key in front, restart every process, re-encrypt (`Store.rotate`), then take the old one out.
    """

    keys: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "KeyRing":
        """Read ``"newer:base64,older:base64"``.

        Raises:
            KeyRingError: When there is no key, a name comes twice, or a key is not 32 bytes of base64.
        """
        entries = [entry for entry in text.split(",") if entry.strip()]
        if not entries:
            raise KeyRingError("The key ring is empty; it needs at least one key, as name:key.")
        keys: dict[str, bytes] = {}
        for entry in entries:
            key_id, key = _parse_entry(entry)
            if key_id in keys:
                raise KeyRingError(f'Key "{key_id}" comes twice in the ring.')
            keys[key_id] = key
        return cls(keys)

    @classmethod
    def generate(cls, key_id: str = "k1") -> "KeyRing":
        """A ring with one new random key."""
        return cls({key_id: os.urandom(KEY_BYTES)})

    def to_text(self) -> str:
        """The secret text that `parse` reads back."""
        return ",".join(f"{key_id}:{base64.b64encode(key).decode()}" for key_id, key in self.keys.items())

    @property
    def current(self) -> str:
        """The name of the key that encrypts."""
        return next(iter(self.keys))

    def derive(self, purpose: str) -> "KeyRing":
        """An independent ring for another purpose; knowing it tells nothing about this one. Always the same result."""

        def derived(key: bytes) -> bytes:
            return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose.encode()).derive(key)

        return KeyRing({key_id: derived(key) for key_id, key in self.keys.items()})

    def header(self) -> bytes:
        """How everything begins that the current key encrypted."""
        return _header(self.current)

    def encrypt(self, plain: bytes, bound_to: str) -> bytes:
        """Encrypt with the first key; only `decrypt` with the same ``bound_to`` opens it.

        What is longer than `COMPRESS_ABOVE_BYTES` is compressed first.
        """
        form = _PLAIN
        if len(plain) > COMPRESS_ABOVE_BYTES:
            form, plain = _COMPRESSED, zlib.compress(plain)
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(self.keys[self.current]).encrypt(nonce, plain, _bound(bound_to, self.current, form))
        return b"".join((self.header(), bytes((form,)), nonce, sealed))

    def decrypt(self, sealed: bytes, bound_to: str) -> bytes:
        """Open what `encrypt` made.

        Raises:
            UndecipherableError: When its key is missing, or it was bound to something else, or it was changed.
        """
        key_id, form, nonce, rest = _split(sealed)
        key = self.keys.get(key_id)
        if key is None:
            raise UndecipherableError(
                f'A stored value was encrypted with key "{key_id}", which is not in the key ring.'
            )
        try:
            plain = AESGCM(key).decrypt(nonce, rest, _bound(bound_to, key_id, form))
        except InvalidTag as error:
            raise UndecipherableError(
                f"The value stored at {bound_to} was changed or belongs to another row."
            ) from error
        return zlib.decompress(plain) if form == _COMPRESSED else plain


def _header(key_id: str) -> bytes:
    name = key_id.encode()
    return bytes((_FORMAT, len(name))) + name


def _split(sealed: bytes) -> tuple[str, int, bytes, bytes]:
    """Key name, form, nonce, ciphertext with its tag."""
    shortest = 2
    if len(sealed) <= shortest or sealed[0] != _FORMAT or len(sealed) < shortest + sealed[1] + 1 + _NONCE_BYTES:
        raise UndecipherableError("A stored value is not in the form of an encrypted one.")
    after_name = shortest + sealed[1]
    nonce_at = after_name + 1
    body_at = nonce_at + _NONCE_BYTES
    key_id = sealed[shortest:after_name].decode(errors="replace")
    return key_id, sealed[after_name], sealed[nonce_at:body_at], sealed[body_at:]


def _bound(bound_to: str, key_id: str, form: int) -> bytes:
    return f"{bound_to}\x1f{key_id}\x1f{form}".encode()
