"""Addresses: what is refused and why, and that two spellings are one address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.core.errors import Invalid
from union.members.rules.contact import Reach, address_of, country_of, email, key, masked, mobile


@pytest.mark.parametrize(
    ("typed", "country", "written"),
    [
        ("06 12345678", "NL", "+31612345678"),
        ("06-1234 56 78", "NL", "+31612345678"),
        ("0031612345678", "NL", "+31612345678"),
        ("31612345678", "NL", "+31612345678"),
        ("+31 (0)6 12345678", "BE", "+31612345678"),
        ("0470 12 34 56", "BE", "+32470123456"),
        ("+49 1512 3456789", "NL", "+4915123456789"),
    ],
)
def test_numbers_are_written_one_way(typed, country, written):
    assert mobile(typed, country) == written


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("020 1234567", "not a mobile number"),
        ("0900 1234", "not a mobile number"),
        ("06", "not a telephone number|too short"),
        ("06 1234", "No telephone has that number"),
        ("06 1234567890123", "too long"),
        ("+31 6 02345678", "No telephone has that number"),
        ("+999 12345678", "country code"),
        ("call me", "not a telephone number"),
        ("112", "too short"),
    ],
)
def test_what_cannot_be_a_mobile_is_refused_with_the_reason(typed, reason):
    with pytest.raises(Invalid, match=reason) as refusal:
        mobile(typed)
    assert refusal.value.field == "phone"


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("anna.example.org", "has an @"),
        ("@example.org", "before the @"),
        ("anna@example", "after the @"),
        ("anna smit@example.org", "no spaces"),
        ("anna@@example.org", "spelled"),
        ("anna..smit@example.org", "spelled"),
        ("änna@example.org", "many mail servers refuse"),
        ("a" * 250 + "@example.org", "too long"),
    ],
)
def test_what_is_no_email_address_is_refused_with_the_reason(typed, reason):
    with pytest.raises(Invalid, match=reason) as refusal:
        email(typed)
    assert refusal.value.field == "email"


def test_an_email_address_keeps_its_spelling_but_is_found_in_any_case():
    assert email("  Anna.Smit@Example.ORG ") == "Anna.Smit@example.org"
    assert email("anna@MÜNCHEN.example") == email("anna@xn--mnchen-3ya.example") == "anna@münchen.example"
    assert key("Anna.Smit@example.org") == key("anna.smit@EXAMPLE.org")


def test_one_box_takes_both():
    assert address_of("anna@example.org") == (Reach.EMAIL, "anna@example.org")
    assert address_of("06 12345678") == (Reach.SMS, "+31612345678")
    for wrong in ("anna", "020 1234567", "anna@"):
        with pytest.raises(Invalid) as refusal:
            address_of(wrong)
        assert refusal.value.field == "contact"


@given(st.text(max_size=60))
def test_nothing_typed_breaks_the_reading(text):
    for read in (email, mobile, address_of):
        try:
            found = read(text)
        except Invalid:
            continue
        assert found


@given(st.integers(0, 9_999_999))
def test_reading_a_written_number_changes_nothing(n):
    try:
        written = mobile(f"061{n:07d}")
    except Invalid:
        return
    assert mobile(written, "DE") == written


@given(st.from_regex(r"[a-z0-9]{3,12}@[a-z]{3,10}\.(org|nl)", fullmatch=True))
def test_a_masked_address_does_not_tell_it(address):
    local, _, domain = address.rpartition("@")
    assert masked(address) == f"{local[0]}•••@{domain}"
    assert masked("+31612345678") == "+31 ••••• 678"


def test_countries_of_zones():
    assert country_of("Europe/Brussels") == "BE"
    assert country_of("Asia/Tokyo") == "NL"
