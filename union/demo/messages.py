"""What organizers find in delivery: replies that wait, one that was answered, a text in their own words."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from union.core.actor import Actor
from union.core.settings import Settings
from union.members import queries as members
from union.notify import service as notify
from union.notify.rules.kinds import Channel
from union.notify.service import desk, wording

REPLIES = (
    ("Hoe laat begint het precies in Utrecht?", 9),
    ("Can I join if I only drive on weekends?", 6),
    ("Wie spreek ik aan als ze mijn account sluiten?", 2),
)
ANSWER = "Ja hoor. Alles staat op de pagina, en bel ons gerust."
OWN = "Om ((start)) begint het. Wat je doet, en wat je beter laat: ((link))"


def fill(session: Session, settings: Settings, *, organizer: Actor, other: str, now: datetime) -> None:
    """Write replies from members with a phone, answer one, hand one over, and word one text."""
    phones = [one.phone for one in members.contacts(session, members.eligible(session)) if one.phone]
    taken = [
        notify.receive(
            session, now=now - timedelta(hours=hours), sender=phone, body=body,
            provider_id=f"demo-{hours}", link=settings.public_url,
        )
        for (body, hours), phone in zip(REPLIES, phones, strict=False)
    ]  # fmt: skip
    desk.answer_reply(session, actor=organizer, now=now, inbound_id=taken[0].id, text=ANSWER)
    desk.assign_reply(session, actor=organizer, now=now, inbound_id=taken[1].id, organizer_id=other)
    base = wording.built_in("actions/briefing", "nl", Channel.SMS)
    wording.save_text(session, actor=organizer, now=now, base=base, words=wording.Words("", OWN))
