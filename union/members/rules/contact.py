"""How a member is reached: email addresses and mobile numbers, checked and written in one way. Pure."""

from collections.abc import Iterable
from enum import StrEnum

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from union.core.errors import Invalid
from union.core.i18n import msg

DEFAULT_COUNTRY = "NL"
_MOBILE = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
_LONGEST = 254

_COUNTRY_OF_ZONE = {
    "Europe/Amsterdam": "NL",
    "Europe/Athens": "GR",
    "Europe/Berlin": "DE",
    "Europe/Brussels": "BE",
    "Europe/Copenhagen": "DK",
    "Europe/Dublin": "IE",
    "Europe/Helsinki": "FI",
    "Europe/Lisbon": "PT",
    "Europe/London": "GB",
    "Europe/Luxembourg": "LU",
    "Europe/Madrid": "ES",
    "Europe/Oslo": "NO",
    "Europe/Paris": "FR",
    "Europe/Prague": "CZ",
    "Europe/Rome": "IT",
    "Europe/Stockholm": "SE",
    "Europe/Vienna": "AT",
    "Europe/Warsaw": "PL",
    "Europe/Zurich": "CH",
    "America/Curacao": "CW",
    "America/Paramaribo": "SR",
}


class Reach(StrEnum):
    """A way to reach a member; the words of a message's channel."""

    EMAIL = "email"
    SMS = "sms"


def country_of(zone: str) -> str:
    """Return the country (ISO 3166) whose way of writing numbers goes with `zone`; NL where unknown."""
    return _COUNTRY_OF_ZONE.get(zone, DEFAULT_COUNTRY)


def email(text: str) -> str:
    """Return the address as we write and send to it; raises Invalid (field email) with the reason.

    Syntax after RFC 5321/5322 and IDNA by email-validator; whether the domain takes mail is found out
    by sending the confirmation. Letters outside ASCII may stand in the domain alone: before the @, every
    server on the way would need SMTPUTF8 (RFC 6531).
    """
    typed = text.strip()
    if len(typed) > _LONGEST:
        raise Invalid(msg("That email address is too long to be one."), field="email")
    try:
        found = validate_email(
            typed, check_deliverability=False, allow_quoted_local=False, allow_smtputf8=False
        )
    except EmailNotValidError as problem:
        raise Invalid(_why(typed), field="email") from problem
    return str(found.normalized)


def _why(typed: str) -> str:
    if "@" not in typed:
        return msg("An email address has an @ in it, as in name@example.org.")
    local, _, domain = typed.rpartition("@")
    if not local:
        return msg("The part before the @ is missing.")
    if "." not in domain.strip("."):
        return msg("The part after the @ is not complete; it ends as in example.org.")
    if not local.isascii():
        return msg("The part before the @ has a letter that many mail servers refuse. Use another address.")
    if any(c.isspace() for c in typed):
        return msg("An email address has no spaces.")
    return msg("That is not an email address mail can be sent to. Check how it is spelled.")


def mobile(text: str, country: str = DEFAULT_COUNTRY) -> str:
    """Return the number as E.164 (+31612345678); raises Invalid (field phone) when it cannot be a mobile.

    country: ISO 3166, for numbers typed without one. Number plans are those of libphonenumber.
    """
    try:
        number = phonenumbers.parse(text.strip(), country)
    except phonenumbers.NumberParseException as problem:
        text = (
            msg("We do not know that country code. Write the number as +31 6 12345678.")
            if problem.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE
            else msg("That is not a telephone number. Write it as 06 12345678 or +31 6 12345678.")
        )
        raise Invalid(text, field="phone") from problem
    length = phonenumbers.is_possible_number_with_reason(number)
    if length == phonenumbers.ValidationResult.TOO_SHORT:
        raise Invalid(msg("That number is too short."), field="phone")
    if length == phonenumbers.ValidationResult.TOO_LONG:
        raise Invalid(msg("That number is too long."), field="phone")
    if not phonenumbers.is_valid_number(number):
        raise Invalid(
            msg("No telephone has that number. Check the digits and the country code."), field="phone"
        )
    if phonenumbers.number_type(number) not in _MOBILE:
        raise Invalid(
            msg("That is not a mobile number, so no message reaches it. Give a mobile number or an email."),
            field="phone",
        )
    return str(phonenumbers.format_number(number, PhoneNumberFormat.E164))


def country_of_number(number: str) -> str:
    """Return the country (ISO 3166) of a number in E.164; its calling code where that is no country's."""
    parsed = phonenumbers.parse(number)
    return str(phonenumbers.region_code_for_number(parsed) or parsed.country_code)


def address_of(text: str, country: str = DEFAULT_COUNTRY) -> tuple[Reach, str]:
    """Return the email address or mobile number in `text`; raises Invalid (field contact)."""
    if "@" not in text and any(c.isalpha() for c in text):
        raise Invalid(msg("Give an email address or a mobile number."), field="contact")
    try:
        return (Reach.EMAIL, email(text)) if "@" in text else (Reach.SMS, mobile(text, country))
    except Invalid as refusal:
        raise Invalid(refusal.text, field="contact", **refusal.facts) from refusal


def key(address: str) -> str:
    """Return the form under which two spellings of one address are the same address."""
    return address.casefold()


def masked(address: str) -> str:
    """Return `address` as its owner recognizes it and others do not: a•••@example.org, •••••••••678."""
    if "@" in address:
        local, _, domain = address.rpartition("@")
        return f"{local[:1]}•••@{domain}"
    return f"{address[:3]} ••••• {address[-3:]}"


def first(addresses: Iterable[str | None]) -> str | None:
    """Return the first address that is there."""
    return next((address for address in addresses if address), None)
