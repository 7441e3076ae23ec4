"""What a person sets for flows of articles, stock and price lists."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from connectors.layers import MANDATORY

Rate = Annotated[Decimal, Field(ge=0, le=100)]


class LeadingPrice(StrEnum):
    """Which of an article's two prices the source decides."""

    NET = "net"
    GROSS = "gross"


class ProductSourceSettings(BaseModel):
    """How articles are handed out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    labels_as_categories: bool = Field(
        default=False, title="Labels are categories", description="Each label of an article counts as a category."
    )


class ProductTargetSettings(BaseModel):
    """How products become articles."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: str = Field(
        default="",
        title="Unit of new articles",
        description="For units without an entry of their own.",
        json_schema_extra={"choices": "units", **MANDATORY},
    )
    coding: dict[Rate, str] = Field(
        default_factory=dict,
        title="Account coding",
        description=(
            "Per VAT percentage; it decides accounts and VAT. Where empty, the one coding of goods with that percentage"
            " is taken, if there is exactly one."
        ),
        json_schema_extra={"choices": "codings"},
    )
    leading_price: LeadingPrice = Field(
        default=LeadingPrice.NET,
        title="Leading price",
        description="The price that is sent as it is, without (net) or with VAT (gross); the other follows from it.",
    )


class StockSettings(BaseModel):
    """Stock needs nothing to be set on this side."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PriceSourceSettings(BaseModel):
    """Which price lists are handed out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    price_lists: tuple[str, ...] = Field(
        default=(),
        title="Price lists",
        description="Empty takes all active ones but the standard list, which holds everyone's prices.",
        json_schema_extra={"choices": "price_lists"},
    )


class PriceTargetSettings(BaseModel):
    """Group prices need nothing to be set on this side."""

    model_config = ConfigDict(frozen=True, extra="forbid")
