"""What the owner of a CCV Shop enters."""

from decimal import Decimal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from connectors.ccvshop.statuses import STATUS_PATTERN
from connectors.client import is_loopback


class CcvConnection(BaseModel):
    """One shop and the key pair made in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: str = Field(
        title="Host of the shop",
        description="The address of the shop, for instance https://myshop.ccvshop.nl.",
        examples=["https://myshop.ccvshop.nl"],
    )
    public_key: str = Field(
        min_length=1, title="Public key", description="From My web shop, Settings, API settings in the shop."
    )
    secret_key: SecretStr = Field(min_length=1, title="Secret key", description="Shown beside the public key.")
    calls_per_minute: int | None = Field(
        default=None,
        ge=1,
        title="Calls per minute",
        description="What CCV allows this shop for each kind of call, when its plan differs from the published limits.",
    )

    @field_validator("base_url")
    @classmethod
    def _host_only(cls, value: str) -> str:
        address = value.strip()
        if "://" not in address:
            address = f"https://{address}"
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f'"{value}" is not the address of a shop; enter it as https://myshop.ccvshop.nl')
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError(f'"{value}" is not encrypted; enter the address with https://')
        return f"{parts.scheme}://{parts.netloc}"

    @field_validator("public_key")
    @classmethod
    def _header_text(cls, value: str) -> str:
        key = value.strip()
        if not key or not key.isascii() or not key.isprintable():
            raise ValueError("this is not a public key; copy it again from the API settings of the shop")
        return key


class CcvOrderSource(BaseModel):
    """How orders of this shop are read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cost_tax_rate: Decimal | None = Field(
        default=None,
        ge=0,
        le=100,
        title="VAT on payment costs and extra costs",
        description="A percentage. The shop does not say it; empty means it is found from the totals of each order.",
    )
    status_when_sent: str = Field(
        default="",
        pattern=STATUS_PATTERN,
        title="Status of an order that was sent",
        description="What an order of the shop is set to once it arrived at the target; empty leaves it as it is.",
        json_schema_extra={"choices": "statuses"},
    )
