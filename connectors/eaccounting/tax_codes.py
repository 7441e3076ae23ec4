"""The coding that a flow wants for a VAT percentage: eAccounting's word for a tax code.

No row names a coding; its article does. So the table is a demand on the article of every row, and where the product's
own article has another coding, the setting replacement article names one that has it.
"""

from collections.abc import Mapping
from typing import Final

from commerce.order import Line
from commerce.problems import Problem, ProblemCode
from connectors.eaccounting.by_rate import rate_text, row_of
from connectors.eaccounting.vat import Treatment
from connectors.errors import RecordRefused
from connectors.protocols import ProductRef

TAX_CODE: Final = "tax_code"
"""The value table: ``21``, ``BE 21`` or ``BE`` → id of an account coding. Empty: any coding of the rate will do."""


def require_tax_code(
    reference: str, line: Line, article: ProductRef, country: str, table: Mapping[str, str], treatment: Treatment
) -> None:
    """Make sure the article of a line carries the coding that the table wants at the line's rate.

    What costs nothing, and what the customer is free of VAT for, has no rate of its own to be mapped.

    Raises:
        RecordRefused: ``UNMAPPED_VALUE`` naming the rate when the table lacks it, ``UNKNOWN_TAX_RATE`` naming article
            and rate when the article has another coding.
    """
    if not table or not line.total or treatment.exempt:
        return
    wanted = row_of(table, country, line.tax_rate)
    rate = rate_text(line.tax_rate)
    if wanted is None:
        raise RecordRefused(_unmapped(reference, line, _key(table, country, rate)))
    if wanted != article.details.get("coding_id"):
        raise RecordRefused(_another_coding(reference, article, country, rate))


def _key(table: Mapping[str, str], country: str, rate: str) -> str:
    """How the missing row is best written: with the country where the table tells this country apart."""
    return f"{country} {rate}" if any(key.startswith(country) for key in table) else rate


def _unmapped(reference: str, line: Line, key: str) -> Problem:
    return Problem(
        code=ProblemCode.UNMAPPED_VALUE,
        field=TAX_CODE,
        value=key,
        sentence=(
            f"Order {reference}: {line.sku or line.name or line.kind} carries {rate_text(line.tax_rate)} % VAT, and the"
            f" tax codes of the flow have no row for “{key}”. Add it, and the order goes on by itself."
        ),
    )


def _another_coding(reference: str, article: ProductRef, country: str, rate: str) -> Problem:
    return Problem(
        code=ProblemCode.UNKNOWN_TAX_RATE,
        field=article.number,
        value=f"{country} {rate}",
        sentence=(
            f"Order {reference}: article {article.number} has the coding {article.details.get('coding')}, but the tax"
            f" codes of the flow want another one for {rate} % in {country}. Give the article that coding, or name an"
            f" article for {country} in the flow's settings, and retry."
        ),
    )
