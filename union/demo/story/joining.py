"""The story's first part: the union is founded, members join and are admitted, pledge and tip."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlsplit

from union.campaigns import queries as campaigns
from union.campaigns import service as campaigning
from union.core.actor import SYSTEM, Role
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.demo.people import CHAPTERS
from union.demo.story.stage import CODE, HANDS, PLATFORM, Somebody, Story
from union.demo.visitor import Facts, Visitor
from union.members import service as registry
from union.platforms import service as directory


def found_the_union(story: Story) -> None:
    """Load the directory, open chapters, make the first officer, organizers and trustees."""
    now = utcnow()
    roles = {
        "officer": Role.OFFICER,
        "organizer": Role.ORGANIZER,
        "second": Role.ORGANIZER,
        "trustee 1": Role.TRUSTEE,
        "trustee 2": Role.TRUSTEE,
        "trustee 3": Role.TRUSTEE,
    }
    with transaction() as session:
        directory.load_directory(session, actor=SYSTEM, now=now)
        for slug, name, _ in CHAPTERS:
            registry.add_chapter(session, actor=SYSTEM, name=name, zone=story.zone, slug=slug, now=now)
        for n, (name, role) in enumerate(roles.items()):
            address = f"{name.replace(' ', '')}@union.example"
            member_id = registry.create_member(
                session,
                actor=SYSTEM,
                name=name.capitalize(),
                address=address,
                chapter="amsterdam",
                now=now,
            )
            registry.grant_role(session, actor=SYSTEM, member_id=member_id, role=role, now=now)
            story.staff[name] = Somebody(n, name, address, Visitor(story.base, 1000 + n), member_id)
        links = {
            name: registry.issue_link(session, actor=SYSTEM, member_id=p.member_id, now=now, site=story.base)
            for name, p in story.staff.items()
        }
    for name, link in links.items():
        story.staff[name].visitor.open(link)
        story.staff[name].visitor.send(link.rpartition("/")[2])
    story.say("an officer, two organizers and three trustees signed in")


def publish(story: Story) -> None:
    """Publish the campaign; its pledge round ends in a minute unless the story is faster."""
    now = utcnow()
    organizer = story.actor(story.staff["organizer"])
    with transaction() as session:
        story.slug = campaigning.create(
            session,
            actor=organizer,
            now=now,
            draft=campaigning.Draft(
                platform_slug=PLATFORM,
                title="Pay for waiting time",
                demand="Uber pays every minute between accepting a trip and starting it.",
                summary="We wait for free at stations and doors.",
                reasons="",
                unit=story.count,
                goal=story.count,
                threshold=story.count // 2,
                pledge_deadline=now + timedelta(days=1),
                zone=story.zone,
                pledge_text="At the hour we agree on I log off and stay off until the end.",
            ),
        )
        campaigning.publish(session, slug=story.slug, actor=organizer, now=now)
    story.say(f"campaign published: {story.base}/campaigns/{story.slug}")


def join(story: Story, person: Somebody) -> None:
    """Answer one question a page and apply."""
    v = person.visitor
    by_mail = "@" in person.address
    answers: dict[str, Facts] = {
        "name": {"name": person.name},
        "contact": {"email": person.address} if by_mail else {"phone": person.address},
        "chapter": {"chapter": CHAPTERS[person.number % 3][0]},
        "platforms": {"platforms": [PLATFORM]},
        "sms": {"sms": "y"},
    }
    v.open(f"/join?for={story.slug}")
    v.open("/join/name")
    while (step := urlsplit(v.url).path.rpartition("/")[2]) != "confirm":
        if step == "work":
            answers["work"] = {name: ["driver"] for name in re.findall(rf'name="(\w*{PLATFORM}\w*)"', v.text)}
        v.fill(answers.get(step, {}))


def confirm(story: Story, person: Somebody) -> None:
    """Type the code that came by text or email."""
    person.visitor.fill({"code": story.post.wait_for(person.address, CODE)}, follow=False)


def admit(story: Story) -> None:
    """Let an organizer admit everybody from the waiting list, page after page."""
    cookies = story.staff["organizer"].visitor.http.cookies
    seen: set[str] = set()

    def one(member_id: str) -> None:
        v = Visitor(story.base, 1001)
        v.http.cookies = cookies
        v.open(f"/members/{member_id}")
        v.fill({}, "/admit", follow=False)

    with ThreadPoolExecutor(HANDS) as pool:
        while True:
            story.staff["organizer"].visitor.open("/members/waiting")
            found = set(re.findall(r"/members/([a-z0-9]{20})", story.staff["organizer"].visitor.text)) - seen
            if not found:
                break
            seen |= found
            list(pool.map(one, found))
    story.say(f"{len(seen)} applicants admitted by an organizer")


def pledge(story: Story, person: Somebody) -> None:
    """Pledge with a minimum of one's own: from anybody to nearly everybody."""
    v = person.visitor
    minimum = 1 + person.number * 37 % (story.count * 9 // 10)
    v.open(f"/campaigns/{story.slug}/pledge")
    v.send(how="number", number=str(minimum))
    v.fill({}, follow=False)


def settle(story: Story) -> None:
    """End the round, as its deadline does."""
    with reading() as session:
        deadline = campaigns.card(session, story.slug).pledge_deadline
    with transaction() as session:
        campaigning.settle(
            session, slug=story.slug, actor=SYSTEM, now=deadline, public_url=story.settings.public_url
        )
    with reading() as session:
        called = len(campaigns.called(session, campaigns.card(session, story.slug).id))
    story.say(
        f"the round settled: {called} of {story.count} are called, each at least as many as they asked for"
    )
