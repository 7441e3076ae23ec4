"""Who buys, and where it goes."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class CustomerKind(StrEnum):
    """How a ledger must treat the buyer."""

    COMPANY = "company"
    PERSON = "person"


class Address(BaseModel):
    """A postal address in parts, as both shops and ledgers want it sooner or later."""

    model_config = ConfigDict(frozen=True)

    name: str = ""
    company: str = ""
    street: str = ""
    number: str = ""
    addition: str = ""
    postcode: str = ""
    city: str = ""
    country: str = ""
    """ISO 3166-1 alpha-2 in capitals; empty when the source does not say."""

    def street_line(self) -> str:
        """Street, number and addition on one line."""
        return " ".join(part for part in (self.street, self.number, self.addition) if part)


class Customer(BaseModel):
    """The buyer: a company with a contact person, or a person."""

    model_config = ConfigDict(frozen=True)

    kind: CustomerKind
    source_id: str | None = None
    """The source's own id; None for guests."""
    email: str = ""
    company: str = ""
    first_name: str = ""
    last_name: str = ""
    phone: str = ""
    vat_number: str = ""
    registration_number: str = ""
    language: str = ""

    def person_name(self) -> str:
        """First and last name, whichever exist."""
        return " ".join(part for part in (self.first_name, self.last_name) if part)

    def display_name(self) -> str:
        """The name a ledger files the buyer under: the company's, else the person's."""
        return self.company if self.kind is CustomerKind.COMPANY else self.person_name()

    def email_key(self) -> str:
        """The e-mail address as it is compared: without regard to case and surrounding blanks."""
        return self.email.strip().casefold()
