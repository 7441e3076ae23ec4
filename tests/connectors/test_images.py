"""Pictures from other people's servers, which may be slow."""

import asyncio
from datetime import timedelta

import pytest

from commerce.problems import ProblemCode
from connectors.errors import RecordRefused
from connectors.images import fetch_picture

BEGINNING = b"HTTP/1.1 200 OK\r\ncontent-type: image/jpeg\r\ncontent-length: 1000\r\n\r\n\xff\xd8\xff"


@pytest.mark.parametrize("answer", [b"", BEGINNING], ids=["silent", "never ends"])
async def test_a_picture_that_takes_too_long_is_named(answer: bytes):
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(answer)
            await reader.read()
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/mug.jpg"
        with pytest.raises(RecordRefused) as refused:
            await fetch_picture("Product MUG", url, 1_000_000, longest=timedelta(seconds=0.5))
    problem = refused.value.problem
    assert (problem.code, problem.field, problem.value) == (ProblemCode.INVALID_VALUE, "photos", url)
    assert problem.sentence.startswith(f"Product MUG: the picture {url} was not complete after 0.5 seconds.")
