"""The steps of a ballot and everything around the vote: keys, roll, reminders, receipts, shares, objections, jobs."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from tests.factories import ballots as make
from tests.factories.members import make_member
from union.audit.models import AuditEntry
from union.ballots import jobs, presets, queries, service
from union.ballots.models import Ballot, BallotTrustee, Objection, PublicCredential, RollEntry, WaitingReceipt
from union.ballots.service import afterwards
from union.core import db
from union.core.actor import SYSTEM, VISITOR, Role
from union.core.errors import Closed, Conflict, Invalid, NotAllowed, NotFound
from union.notify.models import Outbox

YES = [[1, 0, 0]]


def messages(session, hand, prefix):
    query = select(Outbox).where(Outbox.ref == f"ballot:{hand.slug}", Outbox.kind.startswith(prefix))
    return list(session.scalars(query))


def organizer(session, hand):
    return make.actor(session, hand.organizer)


# Drafts


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": "  "}, "title"),
        ({"kind": "lunch"}, "kind"),
        ({"group": "secp256k1"}, "group"),
        ({"preset": "se-varsel"}, "preset"),
        ({"preset": "ratification-simple-majority"}, "preset"),
        ({"kind": "ratification"}, "preset"),
        ({"kind": "general", "preset": "gb-tulrca"}, "preset"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"trustee_ids": []}, "trustees"),
        ({"questions": []}, "asks"),
        ({"questions": [service.choice("Which?", ["a", "b"], 1)]}, "asks"),
        ({"questions": [service.decision("", "en")]}, "q0_question"),
        (
            {"questions": [service.decision("A?", "en"), service.choice("Which?", ["a", "A"], 1)]},
            "q1_answers",
        ),
        (
            {"questions": [service.decision("A?", "en"), service.choice("Which?", ["a", "b"], 3)]},
            "q1_most",
        ),
    ],
)
def test_a_draft_that_cannot_be_is_refused_at_its_field(session, now, change, field):
    trustee = make_member(session, roles=[Role.TRUSTEE])
    facts = {
        "kind": "strike_vote",
        "subject": "",
        "title": "A ballot",
        "intro": "",
        "questions": [service.decision("A?", "en")],
        "preset": "union-default",
        "group": "Ed25519",
        "opens_at": now + timedelta(days=1),
        "closes_at": now + timedelta(days=2),
        "zone": "Europe/Amsterdam",
        "trustee_ids": [trustee],
    }
    actor = make.actor(session, make_member(session, roles=[Role.ORGANIZER]))
    with pytest.raises(Invalid) as refusal:
        service.draft(session, actor=actor, now=now, **{**facts, **change})
    assert refusal.value.field == field


def test_only_organizers_draft_and_only_trustees_hold_keys(session, now):
    member = make_member(session)
    hand = make.make_ballot_draft(session, now)
    with pytest.raises(NotAllowed):
        service.ask_for_keys(
            session, actor=make.actor(session, member), now=now, slug=hand.slug, public_url=make.PUBLIC_URL
        )
    make.give_keys(session, hand, now)
    other = make_member(session, roles=[Role.TRUSTEE])
    with pytest.raises(NotAllowed):
        service.submit_trustee_key(
            session,
            actor=make.actor(session, other),
            now=now,
            slug=hand.slug,
            text="{}",
            public_url=make.PUBLIC_URL,
        )


def test_two_drafts_of_one_title_get_two_addresses(session, now):
    first, second = (make.make_ballot_draft(session, now).slug for _ in range(2))
    assert first != second


def test_a_rule_past_its_review_needs_an_officer(session, monkeypatch):
    late = datetime(2027, 9, 1, 12, tzinfo=UTC)
    assert presets.presets()["union-default"].stale(late.date())
    hand = make.issue(session, make.give_keys(session, make.make_ballot_draft(session, late), late), late)
    with pytest.raises(Invalid, match="review date"):
        make.open_now(session, hand, late)
    assert queries.due(session, hand.opens_at).to_open == ()
    with pytest.raises(NotAllowed):
        service.confirm_rule(session, actor=organizer(session, hand), now=late, slug=hand.slug)
    officer = make.actor(session, make_member(session, roles=[Role.OFFICER]))
    service.confirm_rule(session, actor=officer, now=late, slug=hand.slug)
    assert queries.due(session, hand.opens_at).to_open == (hand.slug,)
    make.open_now(session, hand, late)


def test_the_version_of_the_day_it_opens_is_frozen(session):
    """Drafted under the rule of 17 February, moved to the 18th: twelve months instead of six."""
    now = datetime(2026, 2, 10, 12, tzinfo=UTC)
    hand = make.make_ballot_draft(session, now, preset="gb-tulrca", opens_in=timedelta(days=7))
    assert make.row(session, hand).rule["mandate_months"] == 6
    service.reschedule(
        session,
        actor=organizer(session, hand),
        now=now,
        slug=hand.slug,
        opens_at=now + timedelta(days=8),
        closes_at=now + timedelta(days=15),
    )
    assert make.row(session, hand).rule["mandate_months"] == 12


def test_nothing_changes_once_open(session, now):
    hand = make.make_open_ballot(session, now)
    actor = organizer(session, hand)
    with pytest.raises(Closed):
        service.reschedule(
            session, actor=actor, now=now, slug=hand.slug, opens_at=now, closes_at=now + timedelta(days=30)
        )
    with pytest.raises(Closed):
        service.issue_credentials(session, actor=actor, now=now, slug=hand.slug, public_url="")
    with pytest.raises(Closed):
        service.drop_trustee(
            session, actor=actor, now=now, slug=hand.slug, position=1, public_url=make.PUBLIC_URL
        )


# Keys and codes


def test_keys_first_then_codes_then_voting(session, now):
    hand = make.make_ballot_draft(session, now)
    actor = organizer(session, hand)
    with pytest.raises(Closed):
        service.issue_credentials(session, actor=actor, now=now, slug=hand.slug, public_url="")
    service.ask_for_keys(session, actor=actor, now=now, slug=hand.slug, public_url=make.PUBLIC_URL)
    assert len(messages(session, hand, "trustee-key")) == 3
    with pytest.raises(Conflict):
        service.issue_credentials(session, actor=actor, now=now, slug=hand.slug, public_url="")
    with pytest.raises(Closed):
        service.open_ballot(session, actor=actor, now=now, slug=hand.slug)


def test_a_trustee_who_never_answers_is_left_out(session, now):
    hand = make.make_ballot_draft(session, now)
    silent = hand.trustees.pop(0)
    make.give_keys(session, hand, now)
    with pytest.raises(Conflict):
        service.drop_trustee(
            session,
            actor=organizer(session, hand),
            now=now,
            slug=hand.slug,
            position=2,
            public_url=make.PUBLIC_URL,
        )
    service.drop_trustee(
        session,
        actor=organizer(session, hand),
        now=now,
        slug=hand.slug,
        position=1,
        public_url=make.PUBLIC_URL,
    )
    session.flush()
    seats = session.scalars(select(BallotTrustee).order_by(BallotTrustee.position)).all()
    assert [s.position for s in seats] == [1, 2]
    assert silent not in {s.member_id for s in seats}
    make.issue(session, hand, now)
    make.open_now(session, hand, now)
    with make.at_database_time(now):
        make.vote(session, hand, hand.voters[0], YES, now)
    make.close(session, hand)
    make.decrypt(session, hand, hand.closes_at)
    assert queries.outcome(session, hand.slug).cast == 1


def test_a_trustee_whose_part_is_done_still_finds_the_ballot(session, now):
    hand = make.make_ballot_draft(session, now, server_trustee=True)

    def coming(member_id):
        return [c.slug for c in queries.listing(session, make.actor(session, member_id), now).coming]

    assert coming(hand.trustees[0]) == []
    make.give_keys(session, hand, now)
    make.row(session, hand).state = "keys"
    session.flush()
    assert coming(hand.trustees[0]) == [hand.slug]
    assert coming(hand.voters[0]) == []
    assert queries.listing(session, VISITOR, now).coming == (), "the server's seat is no visitor's"


def test_a_trustee_sends_one_key(session, now):
    hand = make.give_keys(session, make.make_ballot_draft(session, now), now)
    trustee = make.actor(session, hand.trustees[0])
    again = hand.keys[hand.trustees[0]].public.record().decode()
    service.submit_trustee_key(
        session, actor=trustee, now=now, slug=hand.slug, text=again, public_url=make.PUBLIC_URL
    )
    with pytest.raises(Conflict):
        service.submit_trustee_key(
            session, actor=trustee, now=now, slug=hand.slug, text=again + " ", public_url=make.PUBLIC_URL
        )


def test_another_trustees_key_is_no_key_of_mine(session, now):
    hand = make.make_ballot_draft(session, now)
    taken = hand.trustees.pop()
    make.give_keys(session, hand, now)
    stolen = hand.keys[hand.trustees[0]].public.record().decode()
    answer = service.submit_trustee_key(
        session,
        actor=make.actor(session, taken),
        now=now,
        slug=hand.slug,
        text=stolen,
        public_url=make.PUBLIC_URL,
    )
    assert answer.code == "trustees-form"


def test_codes_go_out_once_secret_and_only_public_parts_stay(session, now):
    hand = make.issue(session, make.give_keys(session, make.make_ballot_draft(session, now), now), now)
    sent = messages(session, hand, "credential-")
    assert {m.member_id for m in sent} == set(hand.voters)
    assert all(m.secret for m in sent)
    assert {m.channel for m in sent} == {"sms", "email"}
    assert len(set(hand.credentials.values())) == 5
    ballot = make.row(session, hand)
    everything = json.dumps([ballot.questions, ballot.rule, ballot.title]) + "".join(
        session.scalars(select(PublicCredential.point))
    )
    assert not any(code in everything for code in hand.credentials.values())
    assert ballot.roll_hash == service.roll_hash((v, "amsterdam") for v in hand.voters)
    assert queries.roll(session, hand.slug) == sorted((v, "amsterdam") for v in hand.voters)


def test_issuing_again_revokes_the_first_codes(session, now):
    hand = make.issue(session, make.give_keys(session, make.make_ballot_draft(session, now), now), now)
    first = dict(hand.credentials)
    make.issue(session, hand, now)
    assert not set(first.values()) & set(hand.credentials.values())
    assert {m.state for m in messages(session, hand, "credential-1")} == {"suppressed"}
    make.open_now(session, hand, now)
    hand.credentials[hand.voters[0]] = first[hand.voters[0]]
    with make.at_database_time(now):
        assert make.vote(session, hand, hand.voters[0], YES, now).code == "ballot-credential"


def test_who_has_no_channel_is_on_the_roll_and_said(session, now):
    hand = make.make_ballot_draft(session, now, voters=2)
    make_member(session, email=None)
    make.issue(session, make.give_keys(session, hand, now), now)
    ballot = make.row(session, hand)
    assert (ballot.eligible, ballot.unreachable) == (3, 1)
    assert len(hand.credentials) == 2


# Opening and closing


def test_the_jobs_open_and_close_once(database, settings, now):
    with db.transaction() as session:
        hand = make.issue(session, make.give_keys(session, make.make_ballot_draft(session, now), now), now)
    assert jobs.open_due(now, settings) == 0
    assert jobs.open_due(hand.opens_at, settings) == 1
    assert jobs.open_due(hand.opens_at, settings) == 0
    assert jobs.close_due(hand.closes_at - timedelta(microseconds=1), settings) == 0
    assert jobs.close_due(hand.closes_at, settings) == 1
    assert jobs.close_due(hand.closes_at, settings) == 0
    with db.transaction() as session:
        make.decrypt(session, hand, hand.closes_at)
        concluded = make.row(session, hand).concluded_at
    assert jobs.conclude_complete(hand.closes_at, settings) == 0
    assert jobs.wipe_due(concluded + timedelta(days=7) - timedelta(seconds=1), settings) == 0
    assert jobs.wipe_due(concluded + timedelta(days=7), settings) == 1
    assert jobs.wipe_due(concluded + timedelta(days=8), settings) == 0


def test_nobody_closes_early(session, now):
    hand = make.make_open_ballot(session, now)
    with pytest.raises(Closed):
        service.close_ballot(
            session,
            actor=organizer(session, hand),
            now=hand.closes_at - timedelta(seconds=1),
            slug=hand.slug,
            public_url="",
        )


def test_called_off(session, now):
    hand = make.make_open_ballot(session, now)
    service.cancel(
        session, actor=organizer(session, hand), now=now, slug=hand.slug, public_url=make.PUBLIC_URL
    )
    session.flush()
    assert len(messages(session, hand, "cancelled")) == 5
    assert {m.state for m in messages(session, hand, "credential-")} == {"suppressed"}
    with make.at_database_time(now):
        assert make.vote(session, hand, hand.voters[0], YES, now).code == "closed"
    with pytest.raises(Conflict):
        service.cancel(session, actor=organizer(session, hand), now=now, slug=hand.slug, public_url="")


# Reminders and receipts


def test_only_those_who_have_not_voted_are_reminded(session, now):
    hand = make.make_open_ballot(session, now)
    with make.at_database_time(now):
        make.vote(session, hand, hand.voters[1], YES, now)
    assert (
        service.remind(
            session, actor=organizer(session, hand), now=now, slug=hand.slug, public_url=make.PUBLIC_URL
        )
        == 4
    )
    assert {m.member_id for m in messages(session, hand, "reminder-")} == set(hand.voters) - {hand.voters[1]}


def test_reminders_come_by_themselves_and_let_phones_sleep(database, settings, now):
    with db.transaction() as session:
        hand = make.make_open_ballot(session, now, window=timedelta(days=7) - timedelta(hours=1))
    near = hand.closes_at - timedelta(hours=24)
    assert jobs.remind_due(near - timedelta(seconds=1), settings) == 0
    night = near.replace(hour=22)
    assert jobs.remind_due(night, settings) == 1
    with db.transaction() as session:
        assert len(messages(session, hand, "reminder")) == 4  # voter 1 has only a phone
        with make.at_database_time(now):
            make.vote(session, hand, hand.voters[0], YES, now)
    assert jobs.remind_due(night + timedelta(minutes=1), settings) == 0
    morning = night + timedelta(hours=10)
    assert jobs.remind_due(morning, settings) == 1
    with db.reading() as session:
        assert len(messages(session, hand, "reminder")) == 4  # who voted overnight is left in peace


def test_receipts_leave_mixed_and_say_nothing_of_the_choice(session, now):
    hand = make.make_open_ballot(session, now, voters=6)
    with make.at_database_time(now):
        receipts = [make.vote(session, hand, v, YES, now) for v in hand.voters[:4]]
        session.flush()
        assert service.send_receipts(session, now=now, slug=hand.slug) == 0
        receipts.append(make.vote(session, hand, hand.voters[4], [[0, 1, 0]], now))
        session.flush()
    assert service.send_receipts(session, now=now, slug=hand.slug) == afterwards.TOGETHER
    sent = messages(session, hand, "receipt-")
    assert {m.member_id for m in sent} == {""}
    assert all(m.secret for m in sent)
    trackers = {json.loads(m.sealed)["fields"]["tracker"] for m in sent}
    assert trackers == {r.tracker for r in receipts}
    assert "Yes" not in "".join(m.sealed for m in sent)
    assert session.scalar(select(func.count()).select_from(WaitingReceipt)) == 0


def test_the_last_receipts_leave_with_the_close(session, now):
    hand = make.make_open_ballot(session, now)
    with make.at_database_time(now):
        make.vote(session, hand, hand.voters[0], YES, now)
    make.close(session, hand)
    assert service.send_receipts(session, now=hand.closes_at, slug=hand.slug) == 1


# Shares


def test_a_wrong_factor_is_refused_and_its_trustee_named(session, now):
    hand = make.make_open_ballot(session, now)
    with make.at_database_time(now):
        make.vote(session, hand, hand.voters[0], YES, now)
    make.close(session, hand)
    decryption, strong = make.share(session, hand, hand.trustees[1])  # another trustee's share
    answer = service.submit_decryption(
        session,
        actor=make.actor(session, hand.trustees[0]),
        now=now,
        slug=hand.slug,
        decryption=decryption,
        strong_proofs=strong,
        public_url="",
    )
    assert answer.code == "decryption-proof"
    assert answer.facts["trustee"] == "Trustee 1"
    session.flush()
    logged = session.scalars(select(AuditEntry).where(AuditEntry.act == "ballots.decryption_refused")).one()
    assert logged.facts["trustee"] == hand.trustees[0]
    make.decrypt(session, hand, hand.closes_at)
    assert queries.outcome(session, hand.slug).counts[0] == ("Yes", 1)


def test_a_factor_whose_weak_proof_passes_is_still_refused(session, now):
    """The archive's proof hashes neither alpha nor the factor: forge it, and the strong proof stops it."""
    import secrets

    from union.ballots.crypto import read_tally
    from union.ballots.crypto.canonical import compact
    from union.ballots.crypto.group import Scalar
    from union.ballots.service import counting

    hand = make.make_open_ballot(session, now)
    with make.at_database_time(now):
        make.vote(session, hand, hand.voters[0], YES, now)
    make.close(session, hand)
    election = make.election_of(session, hand)
    group = election.group
    pairs = read_tally(election, counting.tally_of(session, make.row(session, hand)))
    x = hand.keys[hand.trustees[0]].private_key
    X = group.gpow(x)
    factors, proofs = [], []
    for pair in pairs[0]:
        import hashlib

        w, v = Scalar(secrets.randbelow(group.q)), Scalar(secrets.randbelow(group.q))
        A, B = group.gpow(w), group.gpow(v)
        told = f"decrypt|{election.fingerprint}|{X}|{A},{B}".encode()
        c = int.from_bytes(hashlib.sha256(told).digest(), "big") % group.q
        r = Scalar((w - x * c) % group.q)
        # the factor is whatever makes B come out: F = (B / alpha^r)^(1/c)
        F = group.pow(group.div(B, group.pow(pair.alpha, r)), Scalar(pow(c, -1, group.q)))
        factors.append(str(F))
        proofs.append({"challenge": str(c), "response": str(r)})
    decryption = compact({"decryption_factors": [factors], "decryption_proofs": [proofs]}).decode()
    _, strong = make.share(session, hand, hand.trustees[0])
    answer = service.submit_decryption(
        session,
        actor=make.actor(session, hand.trustees[0]),
        now=now,
        slug=hand.slug,
        decryption=decryption,
        strong_proofs=strong,
        public_url="",
    )
    assert answer.code == "decryption-strong-proof"
    assert answer.facts["trustee"] == "Trustee 1"


def test_a_share_again_changes_nothing(session, now):
    hand = make.make_open_ballot(session, now)
    make.close(session, hand)
    make.decrypt(session, hand, now, only=hand.trustees[:1])
    height = make.row(session, hand).height
    make.decrypt(session, hand, now, only=hand.trustees[:1])
    assert make.row(session, hand).height == height
    with pytest.raises(Closed, match="2 more"):
        service.conclude(session, actor=SYSTEM, now=now, slug=hand.slug, public_url="")


# Afterwards


def test_objections_are_public_and_answered_once(session, now):
    hand = make.make_concluded_ballot(session, now)
    late = make.row(session, hand).concluded_at
    voter = make.actor(session, hand.voters[0])
    with pytest.raises(NotAllowed):
        service.raise_objection(
            session, actor=make.actor(session, make_member(session)), now=late, slug=hand.slug, text="Unfair"
        )
    number = service.raise_objection(session, actor=voter, now=late, slug=hand.slug, text="My code came late")
    session.flush()
    service.answer_objection(
        session, actor=organizer(session, hand), now=late, slug=hand.slug, objection_id=number, text="Sorry"
    )
    session.flush()
    with pytest.raises(Closed):
        service.answer_objection(
            session,
            actor=organizer(session, hand),
            now=late,
            slug=hand.slug,
            objection_id=number,
            text="Again",
        )
    line = queries.ballot_page(session, hand.slug, voter, late).objections[0]
    assert (line.text, line.answer) == ("My code came late", "Sorry")
    with pytest.raises(Closed):
        service.raise_objection(
            session, actor=voter, now=late + timedelta(days=7), slug=hand.slug, text="Too late"
        )
    assert session.scalar(select(func.count()).select_from(Objection)) == 1


def test_who_sees_what(session, now):
    hand = make.make_ballot_draft(session, now)
    with pytest.raises(NotFound):
        queries.ballot_page(session, hand.slug, make.actor(session, hand.voters[0]), now)
    assert queries.ballot_page(session, hand.slug, make.actor(session, hand.trustees[0]), now).my_seat
    assert queries.listing(session, make.actor(session, hand.voters[0]), now).coming == ()
    assert len(queries.listing(session, organizer(session, hand), now).coming) == 1


def test_what_waits_for_a_member(session, now):
    hand = make.give_keys(session, make.make_ballot_draft(session, now), now)
    voter = hand.voters[0]
    assert queries.waiting_for(session, voter, now) == []
    make.issue(session, hand, now)
    make.open_now(session, hand, now)
    assert [c.slug for c in queries.waiting_for(session, voter, now)] == [hand.slug]
    with make.at_database_time(now):
        make.vote(session, hand, voter, YES, now)
    session.flush()
    assert queries.waiting_for(session, voter, now) == []
    assert queries.duties(session, hand.trustees[0]) == []
    make.close(session, hand)
    assert [d.what for d in queries.duties(session, hand.trustees[0])] == ["decrypt"]
    assert [c.slug for c in queries.for_subject(session, "campaign/fair-pay")] == [hand.slug]


def test_a_tracker_is_found_in_any_spacing_and_case(session, now):
    hand = make.make_open_ballot(session, now)
    with make.at_database_time(now):
        first = make.vote(session, hand, hand.voters[0], YES, now)
        second = make.vote(session, hand, hand.voters[0], YES, now)
    session.flush()
    spaced = " ".join(first.tracker[i : i + 4] for i in range(0, 43, 4)).upper()
    found = queries.find_tracker(session, hand.slug, spaced)
    assert (found.tracker, found.height, found.counts) == (first.tracker, 1, False)
    assert queries.find_tracker(session, hand.slug, second.tracker.lower()).counts
    assert queries.find_tracker(session, hand.slug, "x" * 43) is None
    assert queries.find_tracker(session, hand.slug, "") is None


def test_concluded_outcomes_are_listed_by_kind(session, now):
    hand = make.make_concluded_ballot(session, now)
    assert [o.slug for o in queries.concluded(session, "strike_vote")] == [hand.slug]
    assert queries.concluded(session, "ratification") == []
    assert session.scalar(select(Ballot.wiped_at)) is None
    assert set(session.scalars(select(RollEntry.voted))) == {True}
