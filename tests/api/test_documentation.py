import re

import httpx
from fastapi import FastAPI


async def test_every_endpoint_is_on_the_page_and_nothing_comes_from_elsewhere(app: FastAPI, client: httpx.AsyncClient):
    page = await client.get("/docs")
    assert page.status_code == 200
    for path in app.openapi()["paths"]:
        assert path in page.text
    assert re.findall(r'(?:src|href)="([^"]*)"', page.text) == ["/openapi.json"]
    assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_every_operation_says_what_it_does_and_how_errors_look(app: FastAPI):
    for path, operations in app.openapi()["paths"].items():
        for operation in operations.values():
            assert operation["description"], path
            assert "application/problem+json" in operation["responses"]["default"]["content"], path
