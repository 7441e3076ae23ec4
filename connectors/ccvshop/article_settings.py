"""What a person sets for products and stock of a CCV Shop, on either side."""

from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from connectors.layers import MANDATORY, NEEDS

_PRICES_INCLUDE_TAX = "Whether product prices in the shop include VAT; the shop's own setting for prices says so."


class TaxTariff(StrEnum):
    """The shop's names for rates of VAT, which differ by country."""

    NORMAL = "normal"
    LOW_A = "low a"
    LOW_B = "low b"
    EXTRA_LOW = "extra low"
    ZERO = "zero"


class CcvProductSource(BaseModel):
    """How products of this shop are read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prices_include_tax: bool = Field(default=True, title="Prices include VAT", description=_PRICES_INCLUDE_TAX)
    rates: dict[TaxTariff, Decimal] = Field(
        default_factory=lambda: {
            TaxTariff.NORMAL: Decimal(21),
            TaxTariff.LOW_A: Decimal(9),
            TaxTariff.ZERO: Decimal(0),
        },
        title="VAT rate per tariff",
        description="A percentage for each tariff, used where the shop names no rate itself.",
    )
    currency: str = Field(
        default="EUR", pattern="^[A-Z]{3}$", title="Currency", description="Of the shop's prices; products name none."
    )


class CcvProductTarget(BaseModel):
    """How products are written to this shop."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    package: str = Field(
        default="",
        pattern="^[0-9]*$",
        title="Package",
        description="The shipping class of new products; the shop takes none without one.",
        json_schema_extra={**MANDATORY, "choices": "packages"},
    )
    prices_include_tax: bool = Field(default=True, title="Prices include VAT", description=_PRICES_INCLUDE_TAX)
    tariffs: dict[Decimal, TaxTariff] = Field(
        default_factory=lambda: {
            Decimal(21): TaxTariff.NORMAL,
            Decimal(9): TaxTariff.LOW_A,
            Decimal(0): TaxTariff.ZERO,
        },
        title="Tariff per VAT rate",
        description="The shop's tariff for each percentage.",
        json_schema_extra={"choices": "tax_tariffs"},
    )
    currency: str = Field(
        default="EUR",
        pattern="^[A-Z]{3}$",
        title="Currency",
        description="Of the shop's prices; products with prices in another one wait for a person.",
    )
    replace_categories: bool = Field(
        default=False,
        title="Replace categories",
        description="Take products out of categories that they do not have at the source; off leaves them there.",
    )
    rename_categories: bool = Field(
        default=False,
        title="Rename categories",
        description="Rename a product's only category when it gets one beside it that the shop does not have yet.",
    )
    largest_photo_mb: int = Field(
        default=10,
        ge=1,
        le=50,
        title="Largest photo",
        description="In megabytes; larger ones are not sent.",
        json_schema_extra={NEEDS: "images"},
    )


class CcvStockSource(BaseModel):
    """How stock of this shop is read."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CcvStockTarget(BaseModel):
    """How stock is written to this shop."""

    model_config = ConfigDict(frozen=True, extra="forbid")
