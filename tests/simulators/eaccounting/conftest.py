"""One company with an article of every rate and three kinds of customer, behind an in-process client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from simulators.eaccounting import EAccounting
from simulators.kit import build_app, exactjson


@dataclass
class Company:
    """The simulator, an authorised client, and the ids of what was loaded by number."""

    simulator: EAccounting
    client: httpx.AsyncClient
    ids: dict[str, str]
    grant: dict[str, Any]

    async def send(self, method: str, path: str, body: Any = None, **params: str) -> Any:
        """Call the API; the answer's JSON with exact numbers, whatever the status."""
        return (await self.exchange(method, path, body, **params))[1]

    async def exchange(self, method: str, path: str, body: Any = None, **params: str) -> tuple[int, Any]:
        content = None if body is None else exactjson.dumps(body)
        headers = {"content-type": "application/json"} if body is not None else {}
        query = {
            "$" + name.removeprefix("q_") if name.startswith("q_") else name: text for name, text in params.items()
        }
        response = await self.client.request(method, f"/v2/{path}", content=content, headers=headers, params=query)
        return response.status_code, exactjson.loads(response.content) if response.content else None

    async def made(self, path: str, body: Any) -> Any:
        """Create something; fails when it is not created."""
        status, answer = await self.exchange("POST", path, body)
        assert status == 201, answer
        return answer

    async def refused(self, method: str, path: str, body: Any = None, **params: str) -> tuple[int, int]:
        """Status and error code of a refusal."""
        status, answer = await self.exchange(method, path, body, **params)
        assert answer["ErrorId"]
        return status, answer["ErrorCode"]

    async def broken_members(self, method: str, path: str, body: Any) -> list[str]:
        """The members a body is refused for."""
        status, answer = await self.exchange(method, path, body)
        assert (status, answer["ErrorCode"]) == (400, 2000), answer
        return [error["Field"] for error in answer["Errors"]]

    def order(self, *rows: dict[str, Any], customer: str = "COMPANY", **members: Any) -> dict[str, Any]:
        """The smallest legal order."""
        return {
            "CustomerId": self.ids[customer],
            "CurrencyCode": "EUR",
            "OrderDate": "2026-03-02",
            "Status": 2,
            "EuThirdParty": False,
            "RotReducedInvoicingType": 0,
            "ReverseChargeOnConstructionServices": False,
            "Rows": list(rows or (self.row(),)),
            **members,
        }

    def row(self, article: str = "A21", quantity: Any = 1, price: Any = 100, **members: Any) -> dict[str, Any]:
        """The smallest legal priced row of an order."""
        return {
            "LineNumber": 1,
            "IsTextRow": False,
            "IsWorkCost": False,
            "EligibleForReverseChargeOnVat": False,
            "ArticleId": self.ids[article],
            "Quantity": quantity,
            "UnitPrice": price,
            **members,
        }

    def invoice(self, *rows: dict[str, Any], customer: str = "COMPANY", **members: Any) -> dict[str, Any]:
        """The smallest legal invoice, or draft with rows of `draft_row`."""
        return {
            "CustomerId": self.ids[customer],
            "EuThirdParty": False,
            "RotReducedInvoicingType": 0,
            "Rows": list(rows or (self.plain_row(),)),
            **members,
        }

    def plain_row(self, article: str = "A21", quantity: Any = 1, price: Any = 100, **members: Any) -> dict[str, Any]:
        """A row of an invoice or quote."""
        return {"ArticleId": self.ids[article], "Quantity": quantity, "UnitPrice": price, **members}

    def draft_row(self, article: str = "A21", quantity: Any = 1, price: Any = 100, **members: Any) -> dict[str, Any]:
        """The smallest legal priced row of a draft."""
        row = self.plain_row(article, quantity, price, **members)
        return {"IsTextRow": False, "ReversedConstructionServicesVatFree": False, **row}

    def customer(self, **members: Any) -> dict[str, Any]:
        """The smallest legal customer."""
        return {
            "Name": "Example B.V.",
            "InvoiceCity": "Utrecht",
            "InvoicePostalCode": "3511 AA",
            "TermsOfPaymentId": self.ids["terms"],
            "IsPrivatePerson": False,
            "IsActive": True,
            **members,
        }

    def article(self, **members: Any) -> dict[str, Any]:
        """The smallest legal article."""
        return {
            "Number": "SKU-1",
            "Name": "Blue mug",
            "CodingId": self.ids["coding21"],
            "UnitId": self.ids["unit"],
            "IsActive": True,
            **members,
        }


@pytest.fixture
async def company() -> AsyncIterator[Company]:
    simulator = EAccounting()
    transport = httpx.ASGITransport(app=build_app(simulator))
    async with httpx.AsyncClient(transport=transport, base_url="http://eaccounting.test") as client:
        loaded = simulator.load(
            {
                "articles": [
                    {"Number": f"A{rate}", "Name": f"Article {rate}", "vat_rate": rate} for rate in (0, 9, 19, 21)
                ],
                "customers": [
                    {"CustomerNumber": "COMPANY", "Name": "Example B.V.", "EmailAddress": "office@example.nl"},
                    {"CustomerNumber": "PERSON", "Name": "A. Person", "IsPrivatePerson": True},
                    {"CustomerNumber": "GERMAN", "InvoiceCountryCode": "DE", "VatNumber": "DE123456789"},
                    {"CustomerNumber": "FRENCH", "InvoiceCountryCode": "FR", "IsPrivatePerson": True},
                    {"CustomerNumber": "BRITISH", "InvoiceCountryCode": "GB", "CurrencyCode": "GBP"},
                ],
                "grants": [{"access_token": "access", "refresh_token": "refresh"}],
            }
        )
        client.headers["authorization"] = "Bearer access"
        account = simulator.account
        ids = {record["Number"]: record["Id"] for record in account.records("articles")}
        ids |= {record["CustomerNumber"]: record["Id"] for record in account.records("customers")}
        ids |= {
            f"coding{coding['VatRatePercent'] * 100:.0f}": coding["Id"]
            for coding in account.records("articleaccountcodings")
            if coding["Type"] == "Goods"
        }
        ids["terms"] = account.records("termsofpayments")[0]["Id"]
        ids["unit"] = account.records("units")[0]["Id"]
        ids["bank"] = account.records("bankaccounts")[0]["Id"]
        yield Company(simulator, client, ids, loaded["grants"][0])
