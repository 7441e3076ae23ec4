"""Reading a request from, and answering or cutting, an ASGI connection."""

from __future__ import annotations

import asyncio
import socket
import struct
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from simulators.kit.clock import Clock
from simulators.kit.exchange import VendorAnswer, VendorRequest

_LINGER_ZERO = struct.pack("ii", 1, 0)


async def read_request(scope: Scope, receive: Receive) -> VendorRequest:
    """Collect the whole request, with its target exactly as sent."""
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            break
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    query = scope.get("query_string", b"").decode("latin-1")
    raw_path = (scope.get("raw_path") or scope["path"].encode("utf-8")).decode("latin-1")
    return VendorRequest(
        method=scope["method"].upper(),
        path=scope["path"],
        raw_target=f"{raw_path}?{query}" if query else raw_path,
        query=parse_qsl(query, keep_blank_values=True),
        headers=headers,
        body=b"".join(chunks),
        base_url=f"{scope.get('scheme', 'http')}://{headers.get('host', '127.0.0.1')}",
    )


async def send_answer(send: Send, answer: VendorAnswer, clock: Clock) -> None:
    """Send the whole answer; the Date header tells the vendor's time."""
    await _send_start(send, answer, clock)
    await send({"type": "http.response.body", "body": answer.body})


async def send_half(scope: Scope, receive: Receive, send: Send, answer: VendorAnswer, clock: Clock) -> None:
    """Announce the whole body, send half of it and cut the connection."""
    await _send_start(send, answer, clock)
    await send({"type": "http.response.body", "body": answer.body[: len(answer.body) // 2], "more_body": True})
    await drop_connection(scope, receive, send, reset=False)


async def drop_connection(scope: Scope, receive: Receive, send: Send, *, reset: bool) -> None:
    """Close the TCP connection without a further byte; ``reset`` makes the peer see a reset instead of an end.

    Raises:
        ConnectionResetError: there is no socket below (an in-process transport).
    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError(f"The simulated vendor dropped {scope['method']} {scope['path']}.")
    if reset:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
    transport.abort()
    # The server writes an error answer if the application returns before it noticed the loss.
    while (await receive())["type"] != "http.disconnect":
        continue


async def keep_silent(receive: Receive, closing: asyncio.Event, seconds: float) -> None:
    """Wait until the time is over, the client hangs up or the host goes down."""
    waiting = [asyncio.ensure_future(_hang_up(receive)), asyncio.ensure_future(closing.wait())]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def _hang_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


async def _send_start(send: Send, answer: VendorAnswer, clock: Clock) -> None:
    headers: list[tuple[bytes, bytes]] = [
        (b"date", format_datetime(clock.now(), usegmt=True).encode("ascii")),
        *((name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()),
    ]
    if answer.status != 204:
        headers.append((b"content-length", str(len(answer.body)).encode("ascii")))
    start: dict[str, Any] = {"type": "http.response.start", "status": answer.status, "headers": headers}
    await send(start)
