"""Every room's texts: both languages, the same places, short and neutral by SMS."""

import re

import pytest

from union.core.errors import Invalid
from union.notify import texts
from union.notify.rules.kinds import Channel
from union.notify.rules.segments import Encoding, count

ALL = [(name, channel) for channel in Channel for name in sorted({name for name, _ in texts.every(channel)})]
# A glance at a lock screen must tell nothing.
TELLING = re.compile(
    r"\b(strike|union|vakbond|bond|staking|staak|boycott|uber|amazon|meta|google)\b", re.IGNORECASE
)


def test_there_are_texts():
    assert ("notify/test", Channel.SMS) in ALL


@pytest.mark.parametrize(("name", "channel"), ALL)
def test_in_both_languages_with_the_same_places(name, channel):
    found = {language: texts._load(name, language, channel) for language in ("en", "nl")}
    assert None not in found.values(), f"{name} ({channel}) is missing in a language"
    assert found["en"].fields == found["nl"].fields
    words = re.sub(r"\(\(.*?\)\)", "", found["en"].body).strip()
    assert not words or found["en"].body != found["nl"].body, "the Dutch is still English"


@pytest.mark.parametrize(("name", "language"), texts.every(Channel.SMS))
def test_a_text_is_gsm_and_neutral(name, language):
    text = texts.find(name, language, Channel.SMS)
    counted = count(re.sub(r"\(\(.*?\)\)", "", text.body))
    assert counted.encoding is Encoding.GSM7, "one accent outside GSM-7 doubles the price"
    assert counted.segments == 1
    assert counted.units <= 120, "leave room for what is filled in"
    assert not TELLING.search(text.body)
    assert "union" not in text.fields


def test_values_lose_control_characters():
    text = texts.Text("a/b", "en", Channel.EMAIL, "Hi ((who))", "Dear (( who )), ((n))\n", "x")
    subject, body = text.render({"who": "An\r\nna\x00\x1b[2J\u202e", "n": 5})
    assert subject == "Hi An\nna[2J"
    assert body == "Dear An\nna[2J, 5\n"


def test_places_are_only_filled_once():
    assert texts.fill("((a))", {"a": "((b))", "b": "x"}) == "((b))"


@pytest.mark.parametrize("content", ["no subject\n\nbody", "", "subject: lower\n\nx"])
def test_an_email_needs_a_subject(content):
    with pytest.raises(Invalid):
        texts.parse(content, Channel.EMAIL)


def test_a_language_without_the_text_gets_english():
    assert texts.find("notify/test", "fr", Channel.SMS).language == "en"
    assert texts.find("notify/test", "nl-BE", Channel.SMS).language == "nl"
    assert texts.find("notify/test", "../../etc", Channel.SMS).language == "en"
