"""The members of the demo union, their chapters, platforms and roles."""

from datetime import timedelta

from union.core.actor import SYSTEM
from union.core.db import transaction
from union.core.i18n import translate
from union.demo.people import CHAPTERS, people
from union.demo.seed import People, Seed
from union.members import service as registry
from union.members.forms import SMS_WORDS
from union.platforms import service as directory

COUNT = 96


def join(seed: Seed, count: int = COUNT) -> People:
    """Load the directory and let `count` people join."""
    now = seed.now - timedelta(days=70)
    with transaction() as session:
        directory.load_directory(session, actor=SYSTEM, now=now)
        for slug, name, zone in CHAPTERS:
            registry.add_chapter(session, actor=SYSTEM, name=name, zone=zone, slug=slug, now=now)
    found = people(count)
    with transaction() as session:
        for person in found:
            member_id = registry.create_member(
                session,
                actor=SYSTEM,
                name=person.name,
                address=person.email,
                phone=person.phone,
                chapter=person.chapter,
                language=person.language,
                zone=person.zone,
                now=now,
            )
            seed.everybody.append(member_id)
            if person.role:
                registry.grant_role(session, actor=SYSTEM, member_id=member_id, role=person.role, now=now)
            actor = seed.actor(session, member_id)
            registry.set_platforms(session, actor=actor, platforms=person.platforms, now=now)
            if person.phone:
                registry.opt_in_sms(
                    session,
                    actor=actor,
                    text=translate(person.language, SMS_WORDS),
                    device="demo",
                    now=now,
                )
    ids = seed.everybody
    return People(ids[0], (ids[1], ids[2]), tuple(ids[3:6]), ids[6])
