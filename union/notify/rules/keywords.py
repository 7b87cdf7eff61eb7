"""What somebody means by a reply: stop, start, help, "I'm out", "I'm in", or something a person must read.

Pure. A keyword counts when the whole message says it, alone or with polite filler around it: "STOP PLEASE"
opts out, "we must STOP them" is conversation. Words come from the carriers' usual lists and, for Dutch,
German, French and Spanish, from what their speakers write.
"""

import re
import unicodedata

from union.notify.rules.kinds import Keyword

_STOP = {
    "en": (
        "stop",
        "stop all",
        "stopall",
        "unsubscribe",
        "cancel",
        "end",
        "quit",
        "revoke",
        "opt out",
        "optout",
        "remove me",
        "take me off",
        "take me off the list",
        "take me off this list",
        "leave me alone",
        "do not text me",
        "dont text me",
        "no more texts",
        "stop2quit",
        "stop 2 quit",
        "stop to quit",
        "stop texting me",
        "stop messaging me",
        "stop sending me messages",
        "stop sending messages",
        "stop spamming",
        "stop contacting me",
        "stop the texts",
        "remove me from the list",
        "remove me from this list",
        "remove me from your list",
        "take me off your list",
        "remove my number",
        "delete my number",
        "opt me out",
        "i want to stop",
        "i want to unsubscribe",
        "no more messages",
    ),
    "nl": (
        "afmelden",
        "afmelding",
        "uitschrijven",
        "schrijf me uit",
        "meld me af",
        "stoppen",
        "ik wil stoppen",
        "geen berichten meer",
        "geen sms meer",
        "haal me van de lijst",
        "stop ermee",
        "stop met sms",
        "stop met berichten",
        "stop met smsen",
        "niet meer sturen",
        "stuur niets meer",
        "ik wil geen sms meer",
        "ik wil geen berichten meer",
        "verwijder mijn nummer",
    ),
    "de": (
        "stopp",
        "abmelden",
        "abbestellen",
        "austragen",
        "keine nachrichten mehr",
        "keine sms mehr",
        "aufhoren",
    ),
    "fr": (
        "arret",
        "arrete",
        "arreter",
        "arretez",
        "desabonner",
        "desabonnement",
        "desinscription",
        "desinscrire",
        "me desabonner",
        "plus de messages",
        "plus de sms",
    ),
    "es": (
        "parar",
        "baja",
        "darme de baja",
        "dar de baja",
        "cancelar",
        "alto",
        "no mas mensajes",
        "no enviar mas",
        "no quiero mas mensajes",
    ),
}
_START = {
    "en": ("start", "unstop", "yes", "subscribe", "resume", "opt in", "optin"),
    "nl": ("aanmelden", "ja", "inschrijven", "hervat", "hervatten"),
    "de": ("anmelden", "ja"),
    "fr": ("demarrer", "reprendre", "oui"),
    "es": ("iniciar", "comenzar", "alta", "si"),
}
_HELP = {
    "en": ("help", "info", "help me"),
    "nl": ("hulp", "uitleg"),
    "de": ("hilfe",),
    "fr": ("aide",),
    "es": ("ayuda",),
}
_OUT = {
    "en": ("out", "im out", "i am out", "logged out", "offline", "logged off", "im offline", "i am offline"),
    "nl": ("uit", "ik ben uit", "ben uit", "uitgelogd", "ik ben offline", "app uit", "ik sta uit"),
    "de": ("raus", "ich bin raus", "bin raus", "ausgeloggt", "ich bin offline"),
    "fr": ("dehors", "deconnecte", "deconnectee", "je suis deconnecte", "je suis deconnectee", "hors ligne"),
    "es": (
        "fuera",
        "estoy fuera",
        "desconectado",
        "desconectada",
        "estoy desconectado",
        "estoy desconectada",
    ),
}
_DONE = {
    "en": ("done", "all done", "im done", "i am done", "all steps done", "finished"),
    "nl": ("klaar", "ik ben klaar", "alles klaar", "gedaan", "alles gedaan", "alle stappen gedaan"),
    "de": ("fertig", "ich bin fertig", "alles erledigt", "erledigt"),
    "fr": ("termine", "fini", "jai fini", "cest fait", "tout est fait"),
    "es": ("listo", "lista", "hecho", "todo hecho", "he terminado"),
}
_PLEDGE = {
    "en": ("in", "im in", "i am in", "count me in", "pledge", "i pledge"),
    "nl": ("ik doe mee", "doe mee", "ik ben erbij", "erbij", "tel mij mee", "tel me mee"),
    "de": ("dabei", "ich bin dabei", "bin dabei", "ich mache mit", "mache mit"),
    "fr": ("je participe", "jen suis", "je suis partant", "je suis partante"),
    "es": ("me apunto", "cuenten conmigo", "cuenta conmigo", "participo"),
}

# Words that may stand around a keyword without changing what it asks for.
_FILLER = frozenset(
    [
        "please",
        "pls",
        "plz",
        "now",
        "thanks",
        "thank",
        "you",
        "thx",
        "ok",
        "okay",
        "hi",
        "hello",
        "hey",
        "union",
        "the",
        "all",
        "these",
        "this",
        "your",
        "texts",
        "text",
        "texting",
        "messages",
        "message",
        "msgs",
        "sms",
        "me",
        "it",
        "everything",
        "from",
        "just",
        "immediately",
        "already",
        "aub",
        "alsjeblieft",
        "alstublieft",
        "svp",
        "graag",
        "nu",
        "bedankt",
        "dank",
        "dankjewel",
        "hoi",
        "hallo",
        "beste",
        "allemaal",
        "berichten",
        "alles",
        "bitte",
        "danke",
        "jetzt",
        "merci",
        "sil",
        "vous",
        "plait",
        "maintenant",
        "por",
        "favor",
        "gracias",
        "ahora",
        "a",
        "1",
        "2",
    ]
)

# Beside another request these are about that one: who texts "cancel pledge" still wants to hear from us.
_ABOUT = frozenset({"cancel", "cancelar", "quit", "revoke"})
# What a phone or a mail gateway puts below a reply by itself.
_SIGNATURE = re.compile(
    r"^\s*(?:--|sent (?:from|via|with)|verzonden (?:vanaf|met|via)|verstuurd (?:vanaf|met)"
    r"|(?:von meinem .* )?gesendet|envoye (?:de|depuis)|enviado (?:desde|de))\b.*|^\s*--\s*$",
    re.IGNORECASE,
)
_APOSTROPHES = re.compile("['\u2019\u2018`\u00b4]")
_NOT_A_WORD = re.compile(r"[\W_]+")
_LANGUAGES = ("en", "nl", "de", "fr", "es")

# What a carrier's own opt-out machinery answers by itself, so that we need not.
CARRIER_ANSWERS = frozenset(
    [
        "stop",
        "stopall",
        "unsubscribe",
        "cancel",
        "end",
        "quit",
        "revoke",
        "optout",
        "start",
        "yes",
        "unstop",
        "help",
        "info",
    ]
)


def plain(body: str) -> str:
    """Return `body` in lower case without accents, punctuation or emoji, words parted by one space."""
    folded = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", body).casefold())
    bare = "".join(character for character in folded if not unicodedata.combining(character))
    return _NOT_A_WORD.sub(" ", bare).strip()


def _unsigned(body: str) -> str:
    """Return what stands above a signature; all of it where the signature is all there is."""
    lines = body.strip().splitlines()
    bare = [
        "".join(c for c in unicodedata.normalize("NFKD", line) if not unicodedata.combining(c))
        for line in lines
    ]
    end = next((n for n, line in enumerate(bare) if n and _SIGNATURE.match(line)), len(lines))
    return "\n".join(lines[:end])


def _table() -> dict[str, tuple[Keyword, str]]:
    found: dict[str, tuple[Keyword, str]] = {}
    for keyword, words in (
        (Keyword.STOP, _STOP),
        (Keyword.START, _START),
        (Keyword.HELP, _HELP),
        (Keyword.OUT, _OUT),
        (Keyword.DONE, _DONE),
        (Keyword.PLEDGE, _PLEDGE),
    ):
        for language in _LANGUAGES:
            for phrase in words[language]:
                found.setdefault(phrase, (keyword, language))
    return found


_PHRASES = _table()
_LONGEST = max(len(phrase.split()) for phrase in _PHRASES)

# With filler around them these short words are conversation ("ok in", "end it all"), not requests.
_ALONE = frozenset(
    {
        "in",
        "yes",
        "ja",
        "si",
        "oui",
        "end",
        "alto",
        "baja",
        "info",
        "erbij",
        "dabei",
        "fini",
        "listo",
        "lista",
    }
)


def read(body: str) -> Keyword:
    """Return what `body` asks for; OTHER when only a person can tell."""
    return _find(body)[0]


def language_of(body: str) -> str | None:
    """Return the language of the keyword in `body`; None for no keyword or one that is English everywhere."""
    keyword, language = _find(body)
    return None if keyword is Keyword.OTHER or language == "en" else language


def carrier_answers(body: str) -> bool:
    """Tell whether the carrier itself confirms this reply (it does so for its own single words only)."""
    return body.strip().casefold() in CARRIER_ANSWERS


def _find(body: str) -> tuple[Keyword, str]:
    words = plain(_unsigned(body)).split()
    whole = _PHRASES.get(" ".join(words))
    if whole:
        return whole
    asked: set[Keyword] = set()
    plainly = False
    language = "en"
    position = 0
    while position < len(words):
        for length in range(min(_LONGEST, len(words) - position), 0, -1):
            phrase = " ".join(words[position : position + length])
            if phrase in _PHRASES and phrase not in _ALONE:
                keyword, language = _PHRASES[phrase]
                asked.add(keyword)
                plainly |= keyword is Keyword.STOP and phrase not in _ABOUT
                position += length
                break
        else:
            if words[position] not in _FILLER:
                return (Keyword.OTHER, "en")
            position += 1
    # Two different requests in one message need a person, unless one of them is to be left alone.
    if plainly:
        return (Keyword.STOP, language)
    return (asked.pop(), language) if len(asked) == 1 else (Keyword.OTHER, "en")
