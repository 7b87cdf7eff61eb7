"""What replies mean: opting out is never missed, and conversation is never taken for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.notify.rules import keywords
from union.notify.rules.kinds import Keyword

STOP = [
    "STOP", "stop", "Stop.", "stop!!!", " STOP ", "«stop»", "STOP PLEASE", "please stop", "Stop now please", "STOPALL",
    "stop all", "Stop all messages", "unsubscribe", "UNSUBSCRIBE ME", "cancel", "quit", "end", "opt out", "OPT-OUT",
    "OptOut", "revoke", "stop2quit", "remove me", "take me off the list", "Please take me off this list", "stop 🛑",
    "STOP STOP STOP", "don't text me", "stop texting me", "no more texts please", "stop it", "Ok stop",
    "AFMELDEN", "afmelden aub", "Uitschrijven", "meld me af", "stoppen", "geen sms meer", "STOP alsjeblieft",
    "STOP\n\nSent from my iPhone", "stop\n--\nJan", "Stop\nVerzonden vanaf mijn telefoon", "STOP\nEnvoyé de mon iPhone",
    "remove me from this list", "Take me off your list!", "I want to unsubscribe", "Stop spamming me", "Arrête",
    "stop contacting me", "niet meer sturen", "Stop met sms'en", "Aufhören!", "no enviar más", "remove my number",
    "abmelden", "STOPP bitte", "arrêt", "ARRÊTER", "désabonner", "baja", "PARAR", "no más mensajes", "ＳＴＯＰ",
]  # fmt: skip
NOT_STOP = [
    "we must STOP them", "Stop them", "don't stop", "bus stop at 9", "the end is near", "cancel the meeting",
    "I quit my job", "stop the layoffs", "never stop organizing", "when does it stop?", "we stoppen om 18:00",
    "Sent from my iPhone\nstop", "we go on\n-- \nstop", "remove me from the rota", "delete my number plate photo",
    "cancel pledge", "Cancel, I'm in", "quit? I'm out", "I want to stop the app", "",
    "non-stop", "full stop", "stopwatch", "weekend", "unstoppable",
]  # fmt: skip


@pytest.mark.parametrize("body", STOP)
def test_opting_out(body):
    assert keywords.read(body) is Keyword.STOP


@pytest.mark.parametrize("body", NOT_STOP)
def test_conversation(body):
    assert keywords.read(body) is Keyword.OTHER


@pytest.mark.parametrize(
    ("body", "keyword"),
    [
        ("START", Keyword.START), ("unstop", Keyword.START), ("Yes", Keyword.START), ("aanmelden", Keyword.START),
        ("HELP", Keyword.HELP), ("help me please", Keyword.HELP), ("hulp", Keyword.HELP), ("info", Keyword.HELP),
        ("Hilfe!", Keyword.HELP), ("aide", Keyword.HELP), ("ayuda", Keyword.HELP),
        ("UIT", Keyword.OUT), ("uit!", Keyword.OUT), ("OUT", Keyword.OUT), ("I'M OUT", Keyword.OUT),
        ("I’m out ✊", Keyword.OUT), ("im out now", Keyword.OUT), ("Ik ben uit", Keyword.OUT), ("raus", Keyword.OUT),
        ("Je suis déconnectée", Keyword.OUT), ("estoy fuera", Keyword.OUT), ("I am offline", Keyword.OUT),
        ("I'm in", Keyword.PLEDGE), ("IN", Keyword.PLEDGE), ("Ik doe mee!", Keyword.PLEDGE), ("count me in", Keyword.PLEDGE),
        ("", Keyword.OTHER), ("👍", Keyword.OTHER), ("ok", Keyword.OTHER), ("count me out", Keyword.OTHER),
        ("going out tonight", Keyword.OTHER), ("what is this", Keyword.OTHER), ("out or in?", Keyword.OTHER),
        ("help, I'm out", Keyword.OTHER), ("STOP, I'm out", Keyword.STOP), ("in 5 minutes", Keyword.OTHER),
    ],
)  # fmt: skip
def test_other_requests(body, keyword):
    assert keywords.read(body) is keyword


def test_the_language_of_the_answer():
    assert keywords.language_of("afmelden") == "nl"
    assert keywords.language_of("Hilfe") == "de"
    assert keywords.language_of("STOP") is None
    assert keywords.language_of("hoi") is None


def test_what_the_carrier_answers_itself():
    assert keywords.carrier_answers("Stop")
    assert keywords.carrier_answers(" HELP ")
    assert not keywords.carrier_answers("STOP PLEASE")
    assert not keywords.carrier_answers("afmelden")


@given(st.text(max_size=200))
def test_anything_can_be_read(body):
    assert keywords.read(body) in Keyword


@given(
    st.sampled_from(["stop", "afmelden", "unsubscribe"]), st.sampled_from(list(" .,!?…\n\t-")), st.booleans()
)
def test_shape_does_not_matter(word, around, shout):
    body = f"{around}{word.upper() if shout else word}{around}"
    assert keywords.read(body) is Keyword.STOP
