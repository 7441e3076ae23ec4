"""What a person sets for group prices that are written to a CCV Shop, and what of them the mapping fills."""

from decimal import Decimal
from typing import Final

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Setting

from connectors.ccvshop.article_settings import TaxTariff
from mapping.fields import Field, FieldKind
from mapping.rules import Rule


class CcvPriceTarget(BaseModel):
    """How prices of customer groups are written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prices_include_tax: bool = Setting(
        default=True,
        title="Prices include VAT",
        description="Whether product prices in the shop include VAT; the shop's own setting for prices says so.",
    )
    rates: dict[TaxTariff, Decimal] = Setting(
        default_factory=lambda: {
            TaxTariff.NORMAL: Decimal(21),
            TaxTariff.LOW_A: Decimal(9),
            TaxTariff.ZERO: Decimal(0),
        },
        title="VAT rate per tariff",
        description="A percentage for each tariff, used where the shop names no rate itself.",
    )


FIELDS: Final = (
    Field("price", "Price", FieldKind.MONEY, description="With or without VAT, as prices are in the shop."),
    Field(
        "price_without_tax",
        "Price without VAT",
        FieldKind.MONEY,
        description="Becomes the price at the rate of the shop's product, unless the price itself is mapped.",
    ),
    Field(
        "price_with_tax",
        "Price with VAT",
        FieldKind.MONEY,
        description="Becomes the price at the rate of the shop's product, unless the price itself is mapped.",
    ),
    Field("discount", "Discount", FieldKind.MONEY, description="An amount that comes off the price."),
    Field("hidden", "Hidden", FieldKind.BOOLEAN, description="Whether the group does not see the product."),
)


def price_rules(settings: BaseModel) -> tuple[Rule, ...]:
    """The price in the shop's own direction where the source states it, else the other one, converted."""
    include = CcvPriceTarget.model_validate(settings).prices_include_tax
    own, other, converted = (
        ("price_incl", "price_excl", "price_without_tax") if include else ("price_excl", "price_incl", "price_with_tax")
    )
    return (
        Rule(target="price", expression=own),
        Rule(target=converted, expression=f"{other} if {own} is none else none"),
        Rule(target="discount", expression="0"),
    )
