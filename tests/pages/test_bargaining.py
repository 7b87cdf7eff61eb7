"""The arc at the table through pages alone: seat, offer, letter, agreement, obligation, grievance, watched terms."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, text

from tests.factories.bargaining import (
    actor,
    agreement_of,
    make_agreement,
    make_organizer,
    make_sitter,
    make_table,
    table_of,
)
from tests.factories.campaigns import make_campaign, make_demand
from tests.factories.members import make_member
from union.bargaining import service
from union.bargaining.models import (
    Grievance,
    Meeting,
    Obligation,
    TableClause,
    TableLetter,
    TermsPage,
    TermsVersion,
)
from union.core.actor import SYSTEM, Role
from union.core.db import reading, transaction


@pytest.fixture
def now():
    """Browsers live in real time."""
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def arc(database, now):
    """A table with who organizes, who sits, and a plain member."""
    with transaction() as session:
        slug, organizer, sitter = make_table(session, now=now, pledge_deadline=now + timedelta(days=7))
        plain = make_member(session, name="Pam Plain")
    return {"slug": slug, "organizer": organizer.member_id, "sitter": sitter.member_id, "plain": plain}


def one(query):
    with reading() as session:
        return session.scalars(query).first()


def local(moment):
    from zoneinfo import ZoneInfo

    return moment.astimezone(ZoneInfo("Europe/Amsterdam")).strftime("%Y-%m-%dT%H:%M")


def test_the_table_of_a_campaign_that_was_won_is_not_open_in_the_list(client, sign_in, arc, now):
    sign_in(client, arc["plain"])
    assert re.search(r"Open\s*</", client.get("/bargaining").text)
    with transaction() as session:
        session.execute(text("UPDATE campaign SET stage = 'won', ended_at = published_at"))
    listed = client.get("/bargaining").text
    assert not re.search(r"Open\s*</", listed)
    assert re.search(r"[Ww]on\s*</", listed)
    own = client.get(re.search(r'class="tasks__what"><a href="([^"]+)"', listed)[1]).text
    assert not re.search(r"Open\s*</", own)
    assert re.search(r"[Ww]on\s*</", own)


class TestTable:
    def test_an_organizer_sets_a_table_and_seats_a_member(self, client, sign_in, database, now):
        with transaction() as session:
            organizer = make_organizer(session)
            slug = make_campaign(
                session, now=now, stage="tipped", title="Fair rides", pledge_deadline=now + timedelta(days=7)
            )
            make_demand(session, slug)
            member = make_member(session, name="Mia Member", platforms=["rijder"])
        sign_in(client, organizer.member_id)
        assert "Fair rides" in client.get("/bargaining").text
        answer = client.post("/bargaining/open", data={"campaign": slug})
        assert answer.location.endswith(f"/bargaining/{slug}/team")
        refused = client.post(f"/bargaining/{slug}/team", data={"member": member, "mandate": ""})
        assert refused.status_code == 422
        client.post(
            f"/bargaining/{slug}/team",
            data={"member": member, "mandate": "All but the price.", "until": "2030-01-31"},
        )
        team = client.get(f"/bargaining/{slug}/team").text
        assert "Mia Member" in team
        assert "31 Jan 2030" in team

    def test_who_sees_what(self, client, sign_in, arc):
        assert client.get(f"/bargaining/{arc['slug']}").status_code == 303
        for who, offers in (("plain", False), ("organizer", False), ("sitter", True)):
            sign_in(client, arc[who])
            page = client.get(f"/bargaining/{arc['slug']}").text
            assert ("Make an offer" in page) is offers
            assert "Demand number 1" in page
            assert ("contact@rijder.example" in page) is (who != "plain")
        sign_in(client, arc["plain"])
        for path in ("contact", "meetings/new", "points/new", "deadlines/new"):
            assert client.get(f"/bargaining/{arc['slug']}/{path}").status_code == 403
        assert client.get(f"/bargaining/{arc['slug']}/terms/new").status_code == 403
        assert client.get("/bargaining/nothing").status_code == 404

    def test_an_expired_mandate_says_so(self, client, sign_in, arc, now):
        with transaction() as session:
            organizer = actor(session, arc["organizer"])
            early = now - timedelta(days=10)
            short = make_sitter(
                session, arc["slug"], organizer, until=now - timedelta(days=1), now=early, name="Short"
            )
        sign_in(client, short.member_id)
        assert "Your mandate for this table has ended" in client.get(f"/bargaining/{arc['slug']}").text
        sent = client.post(
            f"/bargaining/{arc['slug']}/offers/new", data={"side": "union", f"point-{first_point(arc)}": "x"}
        )
        assert sent.status_code == 422
        assert "Your mandate for this table ended on" in sent.text

    def test_meetings_and_minutes(self, client, sign_in, arc, now):
        sign_in(client, arc["sitter"])
        base = f"/bargaining/{arc['slug']}/meetings"
        skipped = client.post(
            f"{base}/new", data={"starts": "2027-03-28T02:30", "zone": "Europe/Amsterdam", "agenda": "x"}
        )
        assert skipped.status_code == 422
        assert "does not exist in Europe/Amsterdam" in skipped.text
        client.post(
            f"{base}/new",
            data={
                "starts": local(now + timedelta(days=2)),
                "zone": "Europe/Amsterdam",
                "agenda": "Price\nData",
            },
        )
        with transaction() as session:
            meeting = session.scalars(select(Meeting)).one()
            meeting.starts_at = now - timedelta(hours=2)
        assert "<li>Price</li>" in client.get(f"{base}/{meeting.id}").text
        client.post(
            f"{base}/{meeting.id}/minutes", data={"minutes": "They listened.", "team_notes": "They bluff."}
        )
        assert "They bluff." in client.get(f"{base}/{meeting.id}").text
        sign_in(client, arc["organizer"])
        assert "Notes for the team" not in client.get(f"{base}/{meeting.id}/minutes").text
        sign_in(client, arc["plain"])
        seen = client.get(f"{base}/{meeting.id}").text
        assert "They listened." in seen
        assert "They bluff." not in seen

    def test_points_and_deadlines(self, client, sign_in, arc, now):
        sign_in(client, arc["organizer"])
        base = f"/bargaining/{arc['slug']}"
        client.post(f"{base}/points/new", data={"heading": "Waiting time", "demand": ""})
        late = client.post(
            f"{base}/deadlines/new",
            data={"title": "Data", "due": local(now - timedelta(days=1)), "zone": "UTC"},
        )
        assert "This moment has passed already." in late.text
        client.post(
            f"{base}/deadlines/new",
            data={
                "title": "Send us the data",
                "due": local(now + timedelta(days=3)),
                "zone": "Europe/Amsterdam",
            },
        )
        page = client.get(base).text
        assert "Waiting time" in page
        assert "Send us the data" in page


def first_point(arc):
    return one(select(TableClause.id).order_by(TableClause.position))


class TestOffers:
    def offer(self, client, arc, side, text, **more):
        data = {"side": side, f"point-{first_point(arc)}": text, **more}
        return client.post(f"/bargaining/{arc['slug']}/offers/new", data=data)

    def test_offers_and_their_differences(self, client, sign_in, arc):
        sign_in(client, arc["sitter"])
        assert client.get(f"/bargaining/{arc['slug']}/offers/new?side=platform").status_code == 200
        assert self.offer(client, arc, "union", "At least 20 cents a kilometre.").location.endswith(
            "/offers/1"
        )
        assert self.offer(client, arc, "platform", "At least 10 cents a kilometre.").location.endswith(
            "/offers/2"
        )
        self.offer(client, arc, "union", "At least 18 cents a kilometre, from June.")
        page = client.get(f"/bargaining/{arc['slug']}/offers/3").text
        assert re.search(r"<del><span[^>]*>taken out: </span>20<", page)
        assert re.search(r"<ins><span[^>]*>added: </span>18<", page)
        history = client.get(f"/bargaining/{arc['slug']}/points/{first_point(arc)}").text
        assert "against offer 2" in history
        table = client.get(f"/bargaining/{arc['slug']}").text
        assert "Replaced" in table
        assert (
            self.offer(client, arc, "union", "At least 18 cents a kilometre, from June.").status_code == 422
        )

    def test_accepted_and_made_an_agreement(self, client, sign_in, arc):
        sign_in(client, arc["sitter"])
        self.offer(client, arc, "platform", "Eighteen cents.")
        client.post(f"/bargaining/{arc['slug']}/offers/1/answer", data={"answer": "accept"})
        made = client.post(f"/bargaining/{arc['slug']}/agreements", data={"offer": "1"})
        assert "Eighteen cents." in client.get(made.location).text

    def test_only_who_sits(self, client, sign_in, arc):
        sign_in(client, arc["organizer"])
        assert self.offer(client, arc, "union", "x").status_code == 403
        sign_in(client, arc["plain"])
        assert self.offer(client, arc, "union", "x").status_code == 403


class TestLetters:
    def test_from_template_to_answer(self, client, sign_in, arc, now):
        sign_in(client, arc["sitter"])
        base = f"/bargaining/{arc['slug']}/letters"
        assert "GDPR" in client.get(f"{base}/new").text
        made = client.post(f"{base}/new", data={"template": "gdpr-15-together", "language": "nl"}).location
        page = client.get(made).text
        assert "((deadline))" in page
        assert "eur-lex.europa.eu" in page
        bad = client.post(f"{made}/edit", data={"subject": "x", "body": "((colour))"})
        assert bad.status_code == 422
        assert "Only who sits" not in page
        client.post(f"{made}/send", data={"how": "post", "sent": local(now - timedelta(days=1))})
        assert "((deadline))" not in client.get(f"{made}/print").text
        again = client.post(f"{made}/send", data={"how": "post", "sent": local(now)})
        assert "This letter was sent before" in again.text
        client.post(f"{made}/extend", data={"told": local(now)})
        assert "prolonged" in client.get(made).text
        client.post(f"{made}/answer", data={"answered": local(now), "answer": "They sent a stick."})
        assert "They sent a stick." in client.get(made).text

    def test_a_country_whose_holidays_we_do_not_know(self, client, sign_in, arc, now):
        sign_in(client, arc["sitter"])
        base = f"/bargaining/{arc['slug']}/letters"
        made = client.post(f"{base}/new", data={"template": "ultimatum", "language": "en"})
        for country, unknown in (("NL", False), ("", True), ("XX", True)):
            with transaction() as session:
                session.execute(text("UPDATE bargaining_table SET country = :country"), {"country": country})
            assert ("holidays unknown" in client.get(made.location).text) == unknown

    def test_drafts_are_not_for_all_and_sent_letters_are(self, client, sign_in, arc):
        sign_in(client, arc["sitter"])
        made = client.post(
            f"/bargaining/{arc['slug']}/letters/new", data={"template": "ultimatum", "language": "en"}
        ).location
        sign_in(client, arc["plain"])
        assert client.get(made).status_code == 404
        sign_in(client, arc["organizer"])
        assert "Only who sits at the table can send it." in client.get(made).text
        assert client.post(f"{made}/send", data={"how": "email"}).status_code == 403
        sign_in(client, arc["sitter"])
        assert client.post(f"{made}/send", data={"how": "email"}).status_code == 303
        sign_in(client, arc["plain"])
        assert "Our demands" in client.get(made).text
        assert one(select(TableLetter.sent_how)) == "email"


class TestAgreements:
    def test_written_frozen_and_printed(self, client, sign_in, arc, now):
        sign_in(client, arc["sitter"])
        edit = client.post(f"/bargaining/{arc['slug']}/agreements").location
        slug = edit.split("/")[-2]
        start = (now + timedelta(days=10)).date()
        data = {
            "title": "Agreement with Rijder", "language": "nl", "union_party": "Datavakbond", "platform_party": "Rijder B.V.",
            "starts_on": start.isoformat(), "ends_on": (start + timedelta(days=365)).isoformat(),
            "clause_rows": "3", "duty_rows": "1", "clause-1-heading": "A floor", "clause-1-text": "Twenty cents.",
            "clause-3-heading": "Reasons", "clause-3-text": "Within two days.", "duty-1-title": "Publish it", "duty-1-clause": "1",
            "duty-1-who": "platform", "duty-1-due_on": (start + timedelta(days=30)).isoformat(), "duty-1-every": "",
        }  # fmt: skip
        missing = client.post(edit, data={**data, "duty-1-due_on": ""})
        assert missing.status_code == 422
        assert "needs a clause and a day" in missing.text
        assert client.post(edit, data={**data, "ends_on": "2020-01-01"}).status_code == 422
        assert client.post(edit, data={**data, "then": "more"}).location == edit
        client.post(edit, data=data)
        sign_in(client, arc["plain"])
        assert client.get(f"/agreements/{slug}").status_code == 404
        sign_in(client, arc["sitter"])
        assert "Reasons" in client.get(f"/agreements/{slug}").text
        client.post(f"/agreements/{slug}/agree")
        page = client.get(f"/agreements/{slug}/print").text
        with reading() as session:
            row = agreement_of(session, slug)
        assert row.hash in page
        assert page.count('class="line"') == 6
        assert client.get(f"/agreements/{slug}/text").data.decode() == row.text
        assert "Van kracht vanaf" in row.text
        assert client.get(edit).status_code == 409
        visitor = client.application.test_client()
        assert visitor.get(f"/agreements/{slug}").status_code == 404

    def test_put_to_the_vote(self, client, sign_in, arc, now):
        with transaction() as session:
            trustee = make_member(session, roles=[Role.TRUSTEE], name="Tess")
            slug = make_agreement(session, arc["slug"], actor(session, arc["sitter"]), now=now, state="tentative",
                                  starts_on=now.date(), ends_on=now.date() + timedelta(days=300), obligations=())  # fmt: skip
        sign_in(client, arc["organizer"])
        assert "simple majority" in client.get(f"/agreements/{slug}/ratify").text.casefold()
        data = {
            "title": "Ratify it", "intro": "", "question": "Do you accept this agreement?", "preset": "ratification-simple-majority",
            "trustees": trustee, "group": "Ed25519", "opens": local(now + timedelta(days=1)),
            "closes": local(now + timedelta(days=8)), "zone": "Europe/Amsterdam",
        }  # fmt: skip
        none = client.post(f"/agreements/{slug}/ratify", data={**data, "trustees": ""})
        assert none.status_code == 422
        sent = client.post(f"/agreements/{slug}/ratify", data=data)
        assert sent.location == "/ballots/ratify-it"
        assert "Members are voting" in client.get(f"/agreements/{slug}").text
        sign_in(client, arc["plain"])
        assert client.get(f"/agreements/{slug}/ratify").status_code == 403

    def in_force(self, arc, now):
        with transaction() as session:
            day = now.date() - timedelta(days=40)
            from union.bargaining.rules.agreements import Obligation as Duty
            from union.bargaining.rules.agreements import Side

            return make_agreement(
                session, arc["slug"], actor(session, arc["sitter"]), now=now - timedelta(days=50), state="in_force", starts_on=day,
                ends_on=date(2035, 1, 1), obligations=(Duty(1, "Publish the floor", Side.PLATFORM, day + timedelta(days=10)),),
            )  # fmt: skip

    def test_in_force_all_may_read_and_the_team_checks(self, client, sign_in, arc, now):
        slug = self.in_force(arc, now)
        visitor = client.application.test_client()
        page = visitor.get(f"/agreements/{slug}").text
        assert "In force" in page
        assert "Overdue" in page
        assert "Fewer than ten" in page
        duty = one(select(Obligation.id))
        sign_in(client, arc["sitter"])
        address = f"/agreements/{slug}/obligations/{duty}"
        assert client.post(address, data={"result": "breached", "note": ""}).status_code == 422
        client.post(address, data={"result": "breached", "note": "Not on the site."})
        assert "Not on the site." in client.get(address).text
        sign_in(client, arc["plain"])
        assert "Add what you found" not in client.get(address).text
        assert client.post(address, data={"result": "kept", "note": "x"}).status_code == 403

    def test_the_campaigns_page_tells_of_the_table(self, client, sign_in, arc, now):
        page = client.get(f"/campaigns/{arc['slug']}").text
        assert "table-panel" not in page
        slug = self.in_force(arc, now)
        page = client.get(f"/campaigns/{arc['slug']}").text
        assert f'/agreements/{slug}"' in page
        assert "To the table" not in page
        sign_in(client, arc["plain"])
        assert "To the table" in client.get(f"/campaigns/{arc['slug']}").text

    def test_the_paper_speaks_the_language_of_the_text(self, client, arc, now):
        slug = self.in_force(arc, now)
        page = client.get(f"/agreements/{slug}/print?lang=nl").text
        assert "Place and date" in page
        assert "In force from" in page

    def test_a_grievance_is_the_members_and_the_teams(self, client, sign_in, arc, now):
        slug = self.in_force(arc, now)
        sign_in(client, arc["plain"])
        assert (
            client.post(f"/agreements/{slug}/grievances/new", data={"clause": "1", "text": ""}).status_code
            == 422
        )
        case = client.post(
            f"/agreements/{slug}/grievances/new", data={"clause": "1", "text": "Fifteen cents."}
        ).location
        assert "Fifteen cents." in client.get(case).text
        with transaction() as session:
            stranger = make_member(session, name="Odd Other")
        for other in (arc["organizer"], stranger):
            sign_in(client, other)
            assert client.get(case).status_code == 404
            assert client.post(case, data={"turn": "note", "note": "x"}).status_code == 404
        sign_in(client, arc["sitter"])
        assert "Filed by Pam Plain" in client.get(case).text
        client.post(case, data={"turn": "take_up", "note": "We look at it."})
        client.post(case, data={"turn": "note", "note": "Doubtful."})
        refused = client.post(case, data={"turn": "settle", "note": ""})
        assert "Tell the member the outcome." in refused.text
        sign_in(client, arc["plain"])
        page = client.get(case).text
        assert "We look at it." in page
        assert "Doubtful." not in page
        assert "Settle it" not in page
        client.post(case, data={"turn": "withdraw", "note": ""})
        assert one(select(Grievance.state)) == "withdrawn"
        assert "Withdrawn" in client.get("/grievances").text

    def test_given_up_and_terminated_with_a_reason(self, client, sign_in, arc, now):
        slug = self.in_force(arc, now)
        sign_in(client, arc["sitter"])
        assert client.post(f"/agreements/{slug}/end", data={"why": ""}).status_code == 422
        client.post(f"/agreements/{slug}/end", data={"why": "They broke clause 1."})
        assert "They broke clause 1." in client.get(f"/agreements/{slug}").text
        sign_in(client, arc["plain"])
        late = client.post(f"/agreements/{slug}/grievances/new", data={"clause": "1", "text": "x"})
        assert "not in force" in late.text


class TestTerms:
    def test_watch_and_read_a_change(self, client, sign_in, arc, now):
        sign_in(client, arc["organizer"])
        base = f"/bargaining/{arc['slug']}/terms"
        for url in ("javascript:alert(1)", "https://user:pass@rijder.example/", "http://127.0.0.1:8000/"):
            bad = client.post(f"{base}/new", data={"label": "Terms", "url": url, "every": "24"})
            assert bad.status_code == 422, url
        made = client.post(
            f"{base}/new", data={"label": "Terms", "url": "https://rijder.example/terms", "every": "24"}
        ).location
        assert "We have not read it yet." in client.get(made).text
        with transaction() as session:
            page = session.scalars(select(TermsPage)).one()
            for n, text in enumerate(("One.\nWe pay 20.\nThree.", "One.\nWe pay 10.\nThree.")):
                session.add(
                    TermsVersion(
                        page_id=page.id, fetched_at=now + timedelta(hours=n), hash=str(n) * 64, text=text
                    )
                )
            page.state, page.visited_at = "changed", now
        seen = client.get(made).text
        assert re.search(r"<del><span[^>]*>taken out: </span>We pay 20\.", seen)
        assert re.search(r"<ins><span[^>]*>added: </span>We pay 10\.", seen)
        client.post(made, data={"do": "read"})
        assert "Unchanged" in client.get(made).text
        assert table_of_terms(arc) == 1
        client.post(made, data={"do": "stop"})
        assert "We no longer read it." in client.get(made).text

    @pytest.mark.parametrize(
        "trouble",
        ["private", "robots", "too_large", "gone", "forbidden", "too_slow", "redirects", "encoding"],
    )
    def test_each_trouble_has_its_words(self, client, sign_in, arc, now, trouble):
        from union.bargaining.rules.watching import WHY, Trouble

        with transaction() as session:
            organizer = actor(session, arc["organizer"])
            page = service.watch_page(
                session,
                actor=organizer,
                now=now,
                slug=arc["slug"],
                label="T",
                url="https://rijder.example/t",
                every_hours=24,
            )
            service.visited(
                session,
                actor=SYSTEM,
                now=now,
                page_id=page,
                reading=None,
                trouble=Trouble(trouble),
                public_url="http://x",
            )
        sign_in(client, arc["plain"])
        assert WHY[Trouble(trouble)] in client.get(f"/bargaining/{arc['slug']}/terms/{page}").text.replace(
            "&#39;", "'"
        )


def table_of_terms(arc):
    with reading() as session:
        return len(
            session.scalars(
                select(TermsPage).where(TermsPage.table_id == table_of(session, arc["slug"]).id)
            ).all()
        )


class TestDutch:
    def test_the_table_in_dutch(self, client, sign_in, arc):
        sign_in(client, arc["sitter"])
        page = client.get(f"/bargaining/{arc['slug']}?lang=nl").text
        assert "Punt voor punt" in page
        assert "Bod doen" in page
