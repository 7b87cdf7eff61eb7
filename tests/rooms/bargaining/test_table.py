"""The table on a real database: who sits, offers, letters and their clocks, reminders."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select, text

from tests.factories.bargaining import UNION, actor, make_organizer, make_sitter, make_table, table_of
from tests.factories.campaigns import make_campaign, row_of
from tests.factories.members import make_member
from union.bargaining import service
from union.bargaining.models import Meeting, Offer, OfferClause, TableClause, TableLetter, TableReminder
from union.bargaining.rules.agreements import Side
from union.campaigns.models import Demand
from union.core.actor import SYSTEM
from union.core.errors import Closed, Conflict, Invalid, NotAllowed, NotFound
from union.notify.models import Outbox


@pytest.fixture
def table(session):
    return make_table(session)


def points(session, slug):
    return list(
        session.scalars(
            select(TableClause.id)
            .where(TableClause.table_id == table_of(session, slug).id)
            .order_by(TableClause.position)
        )
    )


def offer(session, slug, who, now, side=Side.UNION, words="Twenty cents.", **facts):
    return service.make_offer(
        session,
        **{
            "actor": who, "now": now, "slug": slug, "side": side, "texts": {points(session, slug)[0]: words}, "note": "",
            "answer_by": None, **facts,
        },
    )  # fmt: skip


class TestTable:
    def test_a_campaign_gets_one_table_with_its_demands(self, session, table, now):
        slug, organizer, _ = table
        assert row_of(session, slug).stage == "bargaining"
        assert len(points(session, slug)) == 2
        with pytest.raises(Conflict, match="a table already"):
            service.open_table(session, actor=organizer, now=now, campaign_slug=slug)

    def test_not_for_drafts_and_only_by_organizers(self, session, now):
        draft = make_campaign(session, stage="draft")
        with pytest.raises(Closed, match="public"):
            service.open_table(session, actor=make_organizer(session), now=now, campaign_slug=draft)
        with pytest.raises(NotAllowed):
            service.open_table(
                session, actor=actor(session, make_member(session)), now=now, campaign_slug=draft
            )

    def test_talks_may_begin_while_members_still_pledge(self, session, now):
        slug = make_campaign(session, title="Gathering")
        service.open_table(session, actor=make_organizer(session), now=now, campaign_slug=slug)
        assert row_of(session, slug).stage == "gathering"

    def test_only_who_sits_makes_offers(self, session, table, now):
        slug, organizer, sitter = table
        with pytest.raises(NotAllowed, match="do not sit"):
            offer(session, slug, organizer, now)
        assert offer(session, slug, sitter, now) == 1

    def test_an_expired_mandate_is_named_and_renewed(self, session, table, now):
        slug, organizer, _ = table
        short = make_sitter(session, slug, organizer, until=now + timedelta(days=10), name="Short")
        later = now + timedelta(days=10)
        with pytest.raises(Closed, match=r"mandate for this table ended on .*3 Dec 2026"):
            offer(session, slug, short, later)
        with pytest.raises(Invalid, match="passed") as refused:
            service.seat(
                session,
                actor=organizer,
                now=later,
                slug=slug,
                member_id=short.member_id,
                mandate="x",
                until=later,
            )
        assert refused.value.field == "until"
        service.seat(
            session, actor=organizer, now=later, slug=slug, member_id=short.member_id, mandate="x", until=None
        )
        assert offer(session, slug, short, later) == 1

    def test_who_left_does_not_sit(self, session, table, now):
        slug, organizer, sitter = table
        service.unseat(session, actor=sitter, now=now, slug=slug, member_id=sitter.member_id)
        with pytest.raises(NotAllowed):
            offer(session, slug, sitter, now)
        with pytest.raises(NotFound):
            service.unseat(session, actor=organizer, now=now, slug=slug, member_id=sitter.member_id)

    def test_meetings_minutes_and_sealed_notes(self, session, table, now):
        slug, organizer, sitter = table
        asked = {
            "actor": organizer,
            "now": now,
            "slug": slug,
            "zone": "Europe/Amsterdam",
            "place": "Their office",
            "agenda": "Price",
        }
        with pytest.raises(Invalid, match="passed"):
            service.plan_meeting(session, **asked, starts_at=now)
        with pytest.raises(Invalid, match="Mars"):
            service.plan_meeting(session, **{**asked, "zone": "Mars/Base"}, starts_at=now + timedelta(1))
        starts = now + timedelta(days=8)
        meeting = service.plan_meeting(session, **asked, starts_at=starts)
        with pytest.raises(Closed, match="not begun"):
            service.write_minutes(
                session, actor=sitter, now=now, meeting_id=meeting, minutes="x", team_notes=""
            )
        service.write_minutes(
            session,
            actor=sitter,
            now=starts,
            meeting_id=meeting,
            minutes="They listened.",
            team_notes="They bluff",
        )
        session.flush()
        assert b"bluff" not in bytes(
            session.execute(text("SELECT team_notes FROM bargaining_meeting")).scalar_one()
        )
        service.write_minutes(
            session, actor=organizer, now=starts, meeting_id=meeting, minutes="They heard us.", team_notes=""
        )
        session.expire_all()
        row = session.get(Meeting, meeting)
        assert (row.team_notes, row.minutes, row.state) == ("They bluff", "They heard us.", "held")
        with pytest.raises(Closed):
            service.call_off_meeting(session, actor=organizer, now=starts, meeting_id=meeting)

    def test_a_closed_table(self, session, table, now):
        slug, organizer, sitter = table
        service.close_table(session, actor=organizer, now=now, slug=slug)
        with pytest.raises(Closed, match="table is closed"):
            offer(session, slug, sitter, now)


class TestOffers:
    def test_a_new_offer_takes_the_place_of_that_sides_last(self, session, table, now):
        slug, _, sitter = table
        assert [
            offer(session, slug, sitter, now),
            offer(session, slug, sitter, now, Side.PLATFORM, "Ten."),
        ] == [1, 2]
        assert offer(session, slug, sitter, now, words="Eighteen.") == 3
        states = dict(session.execute(select(Offer.number, Offer.state)).all())
        assert states == {1: "superseded", 2: "standing", 3: "standing"}

    def test_the_same_words_again(self, session, table, now):
        slug, _, sitter = table
        offer(session, slug, sitter, now)
        with pytest.raises(Conflict, match="same as offer 1"):
            offer(session, slug, sitter, now, words="Twenty cents. \r\n")

    def test_an_offer_moves_its_demand_to_negotiation(self, session, table, now):
        slug, _, sitter = table
        offer(session, slug, sitter, now)
        statuses = sorted(session.scalars(select(Demand.status)))
        assert statuses == ["adopted", "negotiation"]

    @pytest.mark.parametrize(
        ("facts", "words"),
        [({"texts": {}}, "at least one point"), ({"texts": {"x": "y"}}, "not on this table")],
    )
    def test_what_is_no_offer(self, session, table, now, facts, words):
        slug, _, sitter = table
        with pytest.raises(Invalid, match=words):
            offer(session, slug, sitter, now, **facts)

    def test_an_answer_by_a_day_lapses_once(self, session, table, now):
        slug, organizer, sitter = table
        with pytest.raises(Invalid, match="passed"):
            offer(session, slug, sitter, now, answer_by=now)
        offer(session, slug, sitter, now, answer_by=now + timedelta(days=2))
        assert service.lapse_due(session, actor=SYSTEM, now=now + timedelta(days=1)) == 0
        assert service.lapse_due(session, actor=SYSTEM, now=now + timedelta(days=2)) == 1
        assert service.lapse_due(session, actor=SYSTEM, now=now + timedelta(days=2)) == 0
        with pytest.raises(Closed, match="does not stand"):
            service.answer_offer(session, actor=sitter, now=now, slug=slug, number=1, accept=True)
        with pytest.raises(NotAllowed):
            service.lapse_due(session, actor=organizer, now=now)

    def test_an_accepted_offer_becomes_a_draft(self, session, table, now):
        slug, _, sitter = table
        offer(session, slug, sitter, now, Side.PLATFORM, "Nineteen cents.")
        draft = {"actor": sitter, "now": now, "slug": slug, "union_name": UNION, "from_offer": 1}
        with pytest.raises(Conflict, match="accepted offer"):
            service.draft_agreement(session, **draft)
        service.answer_offer(session, actor=sitter, now=now, slug=slug, number=1, accept=True)
        made = service.draft_agreement(session, **draft)
        from union.bargaining.models import AgreementClause

        clause = session.scalars(select(AgreementClause)).one()
        assert (clause.text, clause.concession, made) == ("Nineteen cents.", "conceded", f"{slug}-agreement")
        assert session.scalar(select(func.count()).select_from(OfferClause)) == 1


class TestLetters:
    def draft(self, session, table, now, template="gdpr-15-together", language="en"):
        slug, _, sitter = table
        return service.draft_letter(
            session, actor=sitter, now=now, slug=slug, template=template, language=language, union_name=UNION
        )

    def send(self, session, table, now, letter, **facts):
        return service.send_letter(
            session,
            **{
                "actor": table[2],
                "now": now,
                "letter_id": letter,
                "how": "post",
                "sent_at": now,
                "note": "",
                "answer_on": None,
                **facts,
            },
        )

    def test_places_are_filled_and_the_date_last(self, session, table, now):
        row = session.get(TableLetter, self.draft(session, table, now, "ultimatum"))
        assert "1. Demand number 1. What demand 1 says in full." in row.body
        assert "Rijder B.V." in row.body
        assert "((deadline))" in row.body
        self.send(session, table, now, row.id, answer_on=date(2026, 12, 4))
        assert "Friday, December 4, 2026" in row.body
        assert row.due_at == datetime(2026, 12, 4, 23, tzinfo=UTC)

    def test_the_laws_own_clock_whatever_we_would_like(self, session, table, now):
        letter = self.draft(session, table, now)
        due = self.send(session, table, now, letter, answer_on=date(2026, 11, 25))
        assert due == datetime(2026, 12, 23, 23, tzinfo=UTC)
        row = session.get(TableLetter, letter)
        assert row.basis["source_url"].startswith("https://eur-lex")
        assert row.basis["as_of"] == "2026-08-01"

    def test_it_goes_once(self, session, table, now):
        letter = self.draft(session, table, now)
        self.send(session, table, now, letter, how="email")
        with pytest.raises(Conflict, match="sent before"):
            self.send(session, table, now, letter, how="email")
        with pytest.raises(Conflict, match="sent before"):
            service.edit_letter(
                session, actor=table[2], now=now, letter_id=letter, recipient="", subject="x", body="y"
            )
        mail = session.scalars(select(Outbox).where(Outbox.ref == f"letter:{letter}")).one()
        sealed = json.loads(mail.sealed)
        assert sealed["to"] == "contact@rijder.example"
        assert "Datavakbond" in sealed["fields"]["body"]

    def test_in_dutch(self, session, table, now):
        row = session.get(TableLetter, self.draft(session, table, now, "pwd-9-information", "nl"))
        assert row.body.startswith("Aan Rijder B.V.")

    def test_refusals(self, session, table, now):
        letter = self.draft(session, table, now, "ultimatum")
        for facts, words, field in (
            ({"how": "pigeon"}, "how it is sent", "how"),
            ({"sent_at": now + timedelta(1)}, "not left yet", "sent"),
            ({"answer_on": date(2026, 11, 20)}, "passed", "answer_on"),
            ({"answer_on": date(2030, 11, 20)}, "a year ahead", "answer_on"),
        ):
            with pytest.raises(Invalid, match=words) as refused:
                self.send(session, table, now, letter, **facts)
            assert refused.value.field == field
        with pytest.raises(NotAllowed, match="do not sit"):
            self.send(session, table, now, letter, actor=table[1])
        table_of(session, table[0]).contact_email = ""
        with pytest.raises(Invalid, match="no email address"):
            self.send(session, table, now, letter, how="email")

    def test_a_letter_with_a_place_nothing_fills(self, session, table, now):
        letter = self.draft(session, table, now)
        with pytest.raises(Invalid, match="nothing fills"):
            service.edit_letter(
                session,
                actor=table[2],
                now=now,
                letter_id=letter,
                recipient="x",
                subject="x",
                body="((colour))",
            )

    def test_they_prolong_in_time_once(self, session, table, now):
        letter = self.draft(session, table, now)
        self.send(session, table, now, letter)
        too_late = now + timedelta(days=40)
        with pytest.raises(Closed, match="after the time was over"):
            service.extend_letter(session, actor=table[2], now=too_late, letter_id=letter, told_at=too_late)
        service.extend_letter(
            session, actor=table[2], now=now + timedelta(9), letter_id=letter, told_at=now + timedelta(8)
        )
        assert session.get(TableLetter, letter).due_at == datetime(2027, 2, 23, 23, tzinfo=UTC)
        with pytest.raises(Closed, match="cannot be prolonged"):
            service.extend_letter(
                session, actor=table[2], now=now + timedelta(9), letter_id=letter, told_at=now
            )
        ours = self.draft(session, table, now, "ultimatum")
        self.send(session, table, now, ours)
        with pytest.raises(Closed, match="cannot be prolonged"):
            service.extend_letter(session, actor=table[2], now=now, letter_id=ours, told_at=now)

    def test_a_right_that_is_not_in_force_yet(self, session, table, now):
        due = self.send(session, table, now, self.draft(session, table, now, "pwd-9-information"))
        assert due == datetime(
            2026, 12, 16, 23, tzinfo=UTC
        )  # fourteen days from 2 December, not from 23 November

    def test_an_answer_stops_the_clock(self, session, table, now):
        letter = self.draft(session, table, now)
        self.send(session, table, now, letter)
        with pytest.raises(Invalid, match="what they answered"):
            service.answer_letter(
                session, actor=table[2], now=now, letter_id=letter, answered_at=now, answer=" "
            )
        service.answer_letter(
            session, actor=table[2], now=now, letter_id=letter, answered_at=now, answer="They sent it all"
        )
        assert (
            service.send_reminders(session, actor=SYSTEM, now=now + timedelta(days=60), public_url="http://x")
            == 0
        )
        with pytest.raises(Closed, match="awaited"):
            service.answer_letter(
                session, actor=table[2], now=now, letter_id=letter, answered_at=now, answer="Again"
            )


class TestReminders:
    def test_each_goes_once_to_who_is_concerned(self, session, table, now):
        slug, organizer, _ = table
        due = now + timedelta(days=5)
        deadline = service.add_deadline(
            session,
            actor=organizer,
            now=now,
            slug=slug,
            title="Send the data",
            due_at=due,
            zone="America/New_York",
        )
        assert service.send_reminders(session, actor=SYSTEM, now=now, public_url="http://x") == 0
        assert (
            service.send_reminders(session, actor=SYSTEM, now=now + timedelta(days=2), public_url="http://x")
            == 1
        )
        assert (
            service.send_reminders(session, actor=SYSTEM, now=now + timedelta(days=2), public_url="http://x")
            == 0
        )
        mails = session.scalars(select(Outbox).where(Outbox.ref.like("reminder:%"))).all()
        assert len(mails) == 2
        assert "Send the data" in mails[0].sealed
        assert json.loads(mails[0].sealed)["fields"]["link"] == f"http://x/bargaining/{slug}"
        service.close_deadline(session, actor=organizer, now=now, deadline_id=deadline, met=True)
        assert service.send_reminders(session, actor=SYSTEM, now=due, public_url="http://x") == 0
        with pytest.raises(Conflict, match="closed before"):
            service.close_deadline(session, actor=organizer, now=now, deadline_id=deadline, met=False)

    def test_what_is_long_over_reminds_nobody(self, session, table, now):
        slug, organizer, _ = table
        service.add_deadline(
            session,
            actor=organizer,
            now=now,
            slug=slug,
            title="x",
            due_at=now + timedelta(days=5),
            zone="Europe/Amsterdam",
        )
        assert (
            service.send_reminders(session, actor=SYSTEM, now=now + timedelta(days=20), public_url="http://x")
            == 0
        )
        assert set(session.scalars(select(TableReminder.state))) == {"sent"}

    def test_a_moved_meeting_reminds_of_its_new_time_alone(self, session, table, now):
        slug, organizer, _ = table
        facts = {"zone": "Europe/Amsterdam", "place": "", "agenda": ""}
        meeting = service.plan_meeting(
            session, actor=organizer, now=now, slug=slug, starts_at=now + timedelta(days=3), **facts
        )
        service.change_meeting(
            session, actor=organizer, now=now, meeting_id=meeting, starts_at=now + timedelta(days=9), **facts
        )
        waiting = session.scalars(
            select(TableReminder.about_at).where(TableReminder.state == "waiting")
        ).all()
        assert set(waiting) == {now + timedelta(days=9)}
