"""A vote that another room calls: what an organizer decides about it is the same, whatever is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from union.ballots.extension import Clause
from union.ballots.papers import Asked
from union.ballots.service.drafting import draft
from union.core.actor import Actor


@dataclass(frozen=True)
class Call:
    """What the organizer decides. opens_at, closes_at: aware UTC; zone: where they were meant.

    preset: the rule. group: the mathematics, or SUITING. trustee_ids: members who hold the key, with the
    server as one more if wanted. threshold: how many of those members are needed to count; None for each of
    them. rule_confirmed: an officer checked a rule that is past its review date. clause: when the close may
    move; None for never.
    """

    title: str
    intro: str
    question: str
    preset: str
    group: str
    opens_at: datetime
    closes_at: datetime
    zone: str
    trustee_ids: Sequence[str]
    server_trustee: bool = False
    threshold: int | None = None
    rule_confirmed: bool = False
    clause: Clause | None = None


def call(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    vote: Call,
    kind: str,
    subject: str,
    asked: Asked,
    platform_slug: str,
) -> str:
    """Draft a vote of the platform's members with one question and return its slug.

    subject: what it is about, as "campaign/<slug>". Raises Invalid with the field of the form.
    """
    return draft(
        session,
        actor=actor,
        now=now,
        kind=kind,
        subject=subject,
        title=vote.title,
        intro=vote.intro,
        questions=[asked],
        preset=vote.preset,
        group=vote.group,
        opens_at=vote.opens_at,
        closes_at=vote.closes_at,
        zone=vote.zone,
        platform_slug=platform_slug,
        trustee_ids=list(vote.trustee_ids),
        server_trustee=vote.server_trustee,
        threshold=vote.threshold,
        rule_confirmed=vote.rule_confirmed,
        clause=vote.clause,
    )
