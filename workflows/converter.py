"""How payloads and failures are written into Temporal: encrypted, under keys the server never sees."""

import dataclasses
from collections.abc import Sequence
from typing import Protocol

from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes, PayloadCodec

ENCODING = b"binary/longshore-aes-gcm"
_BOUND_TO = "temporal"


class Cipher(Protocol):
    """Encrypts bytes under the newest key of a ring; the ring's key id stands in the result."""

    def encrypt(self, plain: bytes, bound_to: str) -> bytes:
        """Encrypt; ``bound_to`` must be given again to decrypt."""

    def decrypt(self, sealed: bytes, bound_to: str) -> bytes:
        """Decrypt what `encrypt` made; raises when the key is not in the ring."""


class EncryptionCodec(PayloadCodec):
    """Encrypts every payload; payloads of another encoding pass through when decoding."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt each payload whole, its metadata included."""
        return [
            Payload(
                metadata={"encoding": ENCODING},
                data=self._cipher.encrypt(payload.SerializeToString(), _BOUND_TO),
            )
            for payload in payloads
        ]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt each payload that this codec wrote."""
        return [self._open(payload) for payload in payloads]

    def _open(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        return Payload.FromString(self._cipher.decrypt(payload.data, _BOUND_TO))


def encrypted_converter(cipher: Cipher) -> DataConverter:
    """Pydantic payloads, encrypted, with the texts of failures encoded into them."""
    return dataclasses.replace(
        pydantic_data_converter,
        payload_codec=EncryptionCodec(cipher),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )
