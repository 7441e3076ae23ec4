"""The client against real sockets that misbehave."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors.answers import AnswerTable
from connectors.client import Bounds, VendorClient
from connectors.errors import ConnectionRefused, OutcomeUnknown, Temporary
from connectors.exchange import Outcome
from tests.connectors.support import Badge, KeptExchanges, LocalBudget

Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def vendor(talk: Conversation, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server that holds one conversation per connection, after the request's headers have come."""

    conversations: set[asyncio.Task[None]] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            await talk(reader, writer)
        with contextlib.suppress(ConnectionError):
            writer.close()
            await writer.wait_closed()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversations.add(asyncio.ensure_future(converse(reader, writer)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]
    await asyncio.gather(*conversations)


def client(address: str, recorder: KeptExchanges, *, silence: float = 5) -> VendorClient:
    return VendorClient(
        address,
        authentication=Badge(),
        answers=AnswerTable(),
        budget=LocalBudget(),
        recorder=recorder,
        bounds=Bounds(read=timedelta(seconds=silence)),
    )


async def reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def hang_up(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    return


async def keep_silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def break_off(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"id": 1')
    await writer.drain()


@pytest.mark.parametrize(
    ("talk", "settled"), [(reset, False), (hang_up, False), (keep_silent, False), (break_off, True)]
)
async def test_a_lost_answer_to_a_write_is_an_unknown_outcome(talk: Conversation, settled: bool):
    recorder = KeptExchanges()
    async with vendor(talk) as port, client(f"http://127.0.0.1:{port}", recorder, silence=0.1) as calls:
        with pytest.raises(OutcomeUnknown) as caught:
            await calls.write("POST", "/orders/", {"id": 1}, operation="create order 25")

    assert caught.value.settled is settled
    assert len(recorder.exchanges) == 1
    assert recorder.exchanges[0].outcome is (Outcome.BROKEN if settled else Outcome.NO_ANSWER)


@pytest.mark.parametrize("talk", [reset, hang_up, break_off])
async def test_a_lost_answer_to_a_read_is_temporary(talk: Conversation):
    recorder = KeptExchanges()
    async with vendor(talk) as port, client(f"http://127.0.0.1:{port}", recorder) as calls:
        with pytest.raises(Temporary):
            await calls.read("GET", "/orders/", operation="list orders")

    assert len(recorder.exchanges) == 3


async def test_a_closed_port_means_nothing_was_sent():
    recorder = KeptExchanges()
    async with vendor(hang_up) as port:
        pass
    async with client(f"http://127.0.0.1:{port}", recorder) as calls:
        with pytest.raises(Temporary, match="could not be reached to create order 25") as caught:
            await calls.write("POST", "/orders/", {}, operation="create order 25")

    assert not isinstance(caught.value, OutcomeUnknown)


def own_certificate(folder: Path) -> ssl.SSLContext:
    """A server context with a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.mark.feature("GDP-01")
async def test_neither_clear_text_nor_an_unproven_certificate_gets_a_request(tmp_path: Path):
    recorder = KeptExchanges()
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1))

    with pytest.raises(ConnectionRefused, match="not encrypted"):
        client("http://shop.example.com", recorder)
    async with (
        vendor(listen, own_certificate(tmp_path)) as port,
        client(f"https://localhost:{port}", recorder) as calls,
    ):
        with pytest.raises(ConnectionRefused, match="certificate"):
            await calls.read("GET", "/orders/", operation="list orders")

    assert heard == []
