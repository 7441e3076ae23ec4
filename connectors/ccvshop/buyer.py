"""The buyer and the addresses of an order, and of a registered customer, who has them in the same members.

Source: CCV Shop API documentation, orders, and one logged order.
"""

from commerce.customer import Address, Customer, CustomerKind
from connectors.ccvshop.fields import Fields


def read_customer(order: Fields) -> Customer:
    """The buyer of an order."""
    return read_person(order.child("customer"), order.child("user").text("id"), order.text("orderedinlng"))


def read_person(customer: Fields, source_id: str, language: str = "") -> Customer:
    """A person or company: a company as soon as a company name is given, whatever the customer type says."""
    billing = customer.child("billingaddress")
    company = billing.text("company")
    first, last = billing.text("first_name") or billing.text("initials"), billing.text("last_name")
    if not last:
        first, last = "", billing.text("full_name") or first
    return Customer(
        kind=CustomerKind.COMPANY if company else CustomerKind.PERSON,
        source_id=source_id or None,
        email=customer.text("email"),
        company=company,
        first_name=first,
        last_name=last,
        phone=billing.text("telephone") or billing.text("mobile"),
        vat_number=customer.text("btw"),
        registration_number=customer.text("kvk"),
        language=language,
    )


def read_addresses(customer: Fields) -> tuple[Address, Address]:
    """Billing and delivery address of an order's ``customer`` or a registered customer's ``userinfo``.

    The shop leaves fields of the delivery address empty where they equal the billing address, so these are taken from
    there: the addressee and the street line as a whole each, postcode and city one by one. An address in another
    country keeps its own, since it may well have no postcode.
    """
    billing = _address(customer.child("billingaddress"))
    delivery = _address(customer.child("deliveryaddress"))
    given: dict[str, str] = {}
    if not (delivery.name or delivery.company):
        given |= {"name": billing.name, "company": billing.company}
    if delivery.country in {"", billing.country}:
        given["country"] = billing.country
        if not delivery.street:
            given |= {"street": billing.street, "number": billing.number, "addition": billing.addition}
        given["postcode"] = delivery.postcode or billing.postcode
        given["city"] = delivery.city or billing.city
    return billing, delivery.model_copy(update=given)


def _address(fields: Fields) -> Address:
    names = (fields.text("first_name") or fields.text("initials"), fields.text("last_name"))
    street, number, addition = fields.text("street"), fields.text("housenumber"), fields.text("housenumber_suffix")
    if not street:
        street, number, addition = fields.text("address_line_1"), "", fields.text("address_line_2")
    return Address(
        name=fields.text("full_name") or " ".join(name for name in names if name),
        company=fields.text("company"),
        street=street,
        number=number,
        addition=addition,
        postcode=fields.text("zipcode"),
        city=fields.text("city"),
        country=fields.text("country_code").upper(),
    )
