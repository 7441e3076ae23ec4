"""Pictures whose server is down: a problem of their product, and nothing that holds up the others."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from tests.records.goods import TO_SHOP, article, change_article, problem_of, products
from tests.world import World

JPEG = b"\xff\xd8\xff\xe0 a picture "
_MAPPING = [{"target": "photos", "expression": 'raw.Note | split(" ")'}]


@contextlib.asynccontextmanager
async def picture_server() -> AsyncIterator[str]:
    """A server whose ``/<n>.jpg`` answers HTTP status n, with a picture for 200; ``/cut.jpg`` breaks off at once."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        status = (await reader.readuntil(b"\r\n\r\n")).split()[1].strip(b"/").removesuffix(b".jpg")
        if status.isdigit():
            writer.write(b"HTTP/1.1 " + status + b" Said\r\nconnection: close\r\n\r\n" + JPEG)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_picture_host_that_is_down_holds_up_its_own_products_alone(small_world: World):
    world = small_world
    refusing = "http://127.0.0.1:1/mug.jpg"
    unknown = "https://pictures.invalid/cup.jpg"
    async with picture_server() as address:
        bad = {
            "MUG": refusing,
            "CUP": unknown,
            "JUG": f"{address}/503.jpg",
            "PAN": f"{address}/429.jpg",
            "POT": f"{address}/cut.jpg",
        }
        notes = {number: f"{url} {address}/200.jpg" for number, url in bad.items()} | {"GOOD": f"{address}/200.jpg"}
        await world.books.load({"articles": [article(number, Note=note) for number, note in notes.items()]})
        flow = await world.add_flow("products", target_settings=TO_SHOP, mapping=_MAPPING)
        await world.start()
        standing = await world.settled(flow)
        assert (standing["done"], standing["parked"]) == (1, 5)
        for number, url in bad.items():
            code, sentence = await problem_of(world, flow, number)
            assert code == "invalid_value"
            assert number in sentence
            assert url in sentence
            assert "tried again by itself" in sentence
            (item,) = await world.items(flow_id=flow, reference=number)
            assert (await world.store.items.get(world.workspace_id, item["id"])).next_release_at is not None
        assert "HTTP 503" in (await problem_of(world, flow, "JUG"))[1]
        assert "cannot be reached" in (await problem_of(world, flow, "MUG"))[1]
        # All the rest of each product is written, its other picture too.
        assert {number: len(one["photos"]) for number, one in (await products(world)).items()} == dict.fromkeys(
            notes, 1
        )

        await change_article(world, "MUG", Note=f"{address}/200.jpg")
        standing = await world.run(flow)
        assert (standing["done"], standing["parked"]) == (2, 4)
