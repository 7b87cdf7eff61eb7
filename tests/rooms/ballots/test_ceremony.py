"""Threshold trustees in the room: the key ceremony, what goes wrong in it, tests, reminders, the count by t of n."""

import json
import secrets
import shutil
import subprocess
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.factories import ballots as make
from tests.factories.members import make_member
from tests.rooms.ballots.test_election import save
from union.audit import queries as audit
from union.audit.models import AuditEntry
from union.ballots import jobs, queries, service
from union.ballots.crypto import ceremony as steps
from union.ballots.crypto import decrypt_partially, group_named, verify
from union.ballots.crypto.complaint import make_complaint
from union.ballots.models import CeremonyMessage, RefusalLog
from union.ballots.service import keys
from union.core import db
from union.core.actor import Role
from union.core.errors import Closed, Conflict, Invalid, NotAllowed
from union.members import service as members
from union.notify.models import Outbox

YES = [[1, 0, 0]]


def page_of(session, hand, now):
    return queries.ballot_page(session, hand.slug, make.actor(session, hand.organizer), now)


def kinds(session, hand):
    return sorted(session.scalars(select(Outbox.kind).where(Outbox.ref == f"ballot:{hand.slug}")))


def asked(session, now, **facts):
    return make.asked(session, make.make_ballot_draft(session, now, threshold=2, **facts), now)


def organizer(session, hand):
    return make.actor(session, hand.organizer)


# Drafts


@pytest.mark.parametrize(
    ("trustees", "threshold", "words"),
    [
        (3, 0, "At least one"),
        (3, -1, "At least one"),
        (3, 3, "All of them"),
        (3, 4, "cannot be needed"),
        (1, 1, "at least two"),
    ],
)
def test_a_threshold_that_cannot_be_is_refused_with_the_reason(session, now, trustees, threshold, words):
    with pytest.raises(Invalid, match=words) as refusal:
        make.make_ballot_draft(session, now, trustees=trustees, threshold=threshold, server_trustee=True)
    assert refusal.value.field == "threshold"


def test_a_drafts_threshold_can_change_until_keys_are_asked_for(session, now):
    hand = make.make_ballot_draft(session, now)
    actor = organizer(session, hand)
    with pytest.raises(Invalid):
        service.set_threshold(session, actor=actor, now=now, slug=hand.slug, threshold=3)
    service.set_threshold(session, actor=actor, now=now, slug=hand.slug, threshold=2)
    assert make.row(session, hand).threshold == 2
    with pytest.raises(NotAllowed):
        service.set_threshold(
            session, actor=make.actor(session, hand.voters[0]), now=now, slug=hand.slug, threshold=None
        )
    make.asked(session, hand, now)
    with pytest.raises(Closed):
        service.set_threshold(session, actor=actor, now=now, slug=hand.slug, threshold=None)


# The whole way


@pytest.mark.parametrize(
    ("group", "server"), [("BELENIOS-2048", False), ("BELENIOS-2048", True), ("Ed25519", True)]
)
def test_two_of_three_count_and_outside_programs_agree(session, now, tmp_path, group, server):
    hand = make.make_open_ballot(session, now, group=group, threshold=2, server_trustee=server, voters=3)
    with make.at_database_time(now):
        for voter in hand.voters:
            make.vote(session, hand, voter, YES, now)
    make.close(session, hand)
    page = page_of(session, hand, hand.closes_at)
    assert (page.shares_missing, page.shares_needed) == (2, 3 if server else 2)
    make.decrypt(session, hand, hand.closes_at, only=[hand.trustees[2]])
    assert page_of(session, hand, hand.closes_at).shares_missing == 1
    assert queries.due(session, hand.closes_at).to_conclude == ()
    make.decrypt(session, hand, hand.closes_at, only=[hand.trustees[0]])
    assert queries.outcome(session, hand.slug).counts[0] == ("Yes", 3)
    path = save(session, hand, tmp_path)
    report = verify(path)
    assert report.holds, report.lines()
    assert report.result == [[3, 0, 0]]
    if group == "BELENIOS-2048" and shutil.which("belenios-tool"):
        done = subprocess.run(
            ["belenios-tool", "election", "verify", "--dir", str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    before = path.read_bytes()
    decryption, strong = "{}", "[]"
    late = service.submit_decryption(
        session,
        actor=make.actor(session, hand.trustees[1]),
        now=hand.closes_at,
        slug=hand.slug,
        decryption=decryption,
        strong_proofs=strong,
        public_url=make.PUBLIC_URL,
    )
    assert late == service.ShareTaken(0, unneeded=True)
    assert save(session, hand, tmp_path).read_bytes() == before


def test_a_wrong_factor_is_named_counted_and_does_not_stop_the_count(session, now):
    hand = make.make_open_ballot(session, now, threshold=2)
    make.close(session, hand)
    liar = hand.trustees[0]
    honest = hand.keys[liar]
    hand.keys[liar] = type(honest)((honest.private_key + 1) % group_named("Ed25519").q, None)
    for _ in range(2):
        decryption, strong = make.share(session, hand, liar)
        answer = service.submit_decryption(
            session,
            actor=make.actor(session, liar),
            now=hand.closes_at,
            slug=hand.slug,
            decryption=decryption,
            strong_proofs=strong,
            public_url=make.PUBLIC_URL,
        )
        assert "Trustee 1" in answer.text % answer.facts
    session.flush()
    seat = page_of(session, hand, hand.closes_at).seats[0]
    assert (seat.refused, seat.refused_check) == (2, "decryption-proof")
    told = session.scalars(select(Outbox).where(Outbox.kind == "trustee-refused-1")).all()
    assert [m.member_id for m in told] == [hand.organizer]
    assert "Trustee 1" in told[0].sealed
    make.decrypt(session, hand, hand.closes_at, only=hand.trustees[1:])
    assert page_of(session, hand, hand.closes_at).state == "concluded"


# Steps


def test_everybody_is_told_when_the_next_step_is_theirs(session, now):
    hand = asked(session, now)
    assert kinds(session, hand) == ["trustee-key-1"] * 3
    make.hold_steps(session, hand, now, 1)
    assert kinds(session, hand).count("trustee-step-2-1") == 3
    make.hold_steps(session, hand, now, 1)
    assert kinds(session, hand).count("trustee-step-3-1") == 3
    make.hold_steps(session, hand, now, 1)
    assert kinds(session, hand).count("trustee-test-1") == 3
    page = page_of(session, hand, now)
    assert (page.keys_missing, page.ceremony_step) == (0, 4)
    assert [entry.facts["step"] for entry in session.scalars(select(AuditEntry)) if "step" in entry.facts] == [
        1, 1, 1, 2, 2, 2, 3, 3, 3,
    ]  # fmt: skip


def test_nothing_private_is_kept(session, now):
    hand = make.give_keys(session, make.make_ballot_draft(session, now, threshold=2), now)
    everything = b"".join(session.scalars(select(CeremonyMessage.content)))
    for member_id in hand.trustees:
        group = group_named("Ed25519")
        private = [*steps.keys_of(group, hand.seeds[member_id]), hand.keys[member_id].private_key]
        assert not any(str(x).encode() in everything for x in private)
        assert hand.seeds[member_id].encode() not in everything


def test_a_message_sent_twice_is_one_and_another_is_refused(session, now):
    hand = asked(session, now)
    first = hand.trustees[0]
    step, text = make.step_of(session, hand, first)
    taken = make.send_step(session, hand, first, now, step, text)
    assert taken == service.StepTaken(1, 2)
    assert make.send_step(session, hand, first, now, step, text) == taken
    with pytest.raises(Conflict, match="once"):
        make.send_step(session, hand, first, now, *make.step_of(session, hand, first))
    assert len(session.scalars(select(CeremonyMessage)).all()) == 1


def test_nobody_goes_ahead_and_nobody_comes_from_outside(session, now):
    hand = asked(session, now)
    stranger = make_member(session, roles=[Role.TRUSTEE])
    step, text = make.step_of(session, hand, hand.trustees[0])
    with pytest.raises(NotAllowed):
        make.send_step(session, hand, stranger, now, step, text)
    with pytest.raises(NotAllowed):
        queries.ceremony(session, hand.slug, make.actor(session, stranger))
    with pytest.raises(NotAllowed):
        make.send_step(session, hand, hand.voters[0], now, step, text)
    for early in (2, 3, 4, 0, -1):
        with pytest.raises(Conflict):
            make.send_step(session, hand, hand.trustees[0], now, early, text)
    make.send_step(session, hand, hand.trustees[0], now, step, text)
    with pytest.raises(Conflict, match="turn"):
        make.send_step(session, hand, hand.trustees[0], now, 2, text)
    with pytest.raises(Conflict, match="ceremony"):
        service.submit_trustee_key(
            session,
            actor=make.actor(session, hand.trustees[1]),
            now=now,
            slug=hand.slug,
            text=text,
            public_url=make.PUBLIC_URL,
        )


def test_what_does_not_hold_is_refused_by_name_and_counted(session, now):
    hand = asked(session, now)
    one, two, three = hand.trustees
    step, text = make.step_of(session, hand, one)
    group = group_named("Ed25519")
    draw = secrets.randbelow
    other = steps.make_certificate(group, steps.make_seed(draw), 3, 2, 2, draw).decode()
    wrong = steps.make_certificate(group, steps.make_seed(draw), 3, 1, 1, draw).decode()
    for bad in (
        "{}",
        "nonsense",
        text + " ",
        text[:-5] + ("1" if text[-5] != "1" else "2") + text[-4:],
        other,
        wrong,
    ):
        answer = make.send_step(session, hand, one, now, 1, bad)
        assert isinstance(answer, service.Refusal), bad
        assert answer.text % answer.facts
    assert sum(session.scalars(select(RefusalLog.times))) == 6
    make.send_step(session, hand, one, now, step, text)
    copied = steps.make_certificate(group, hand.seeds[one], 3, 2, 2, draw).decode()
    assert make.send_step(session, hand, two, now, 1, copied).code == "trustee-certificate"
    for member_id in (two, three):
        make.send_step(session, hand, member_id, now, *make.step_of(session, hand, member_id))
    step, text = make.step_of(session, hand, one)
    short = json.loads(text) | {"secrets": json.loads(text)["secrets"][:2]}
    broken = json.loads(text)
    broken["secrets"][1] = '{"algorithm":"AES-GCM","alpha":"00","beta":"00","data":"00"}'
    for bad in (short, broken, {}):
        answer = make.send_step(session, hand, one, now, 2, json.dumps(bad, separators=(",", ":")))
        assert isinstance(answer, service.Refusal)


# A share that does not fit


def spoiled(session, hand, member_id, recipient):
    """The second step of a trustee who sends `recipient` a share that does not lie on the polynomial."""
    facts = queries.ceremony(session, hand.slug, make.actor(session, member_id))
    group = group_named(facts["group"])
    certs = steps.read_certificates(group, [c.encode() for c in facts["certificates"]], 2)
    _, text = make.step_of(session, hand, member_id)
    sk = steps.keys_of(group, hand.seeds[member_id]).sk
    wrong = steps.send(group, sk, certs[recipient].encryption, '{"secret":"5"}', secrets.randbelow)
    record = json.loads(text)
    record["secrets"][recipient] = wrong
    return json.dumps(record, separators=(",", ":"))


def complaint(session, hand, member_id, accused, seed=None):
    vinput = json.loads(queries.ceremony(session, hand.slug, make.actor(session, member_id))["vinput"])
    group = group_named("Ed25519")
    envelope = vinput["secrets"][accused - 1]
    made = make_complaint(group, seed or hand.seeds[member_id], envelope, accused, secrets.randbelow)
    return made.record().decode()


def complain(session, hand, member_id, now, text):
    return service.complain(
        session,
        actor=make.actor(session, member_id),
        now=now,
        slug=hand.slug,
        number=make.row(session, hand).ceremony,
        text=text,
        public_url=make.PUBLIC_URL,
    )


def test_a_share_that_does_not_fit_names_its_sender_and_halts_the_ceremony(session, now):
    hand = asked(session, now)
    one, two, three = hand.trustees
    make.hold_steps(session, hand, now, 1)
    for member_id in (one, three):
        make.send_step(session, hand, member_id, now, *make.step_of(session, hand, member_id))
    with pytest.raises(Conflict, match="third step"):
        complain(session, hand, one, now, "{}")
    make.send_step(session, hand, two, now, 2, spoiled(session, hand, two, recipient=0))
    with pytest.raises(steps.WrongShare) as found:
        make.step_of(session, hand, one)
    assert found.value.accused == 2
    make.send_step(session, hand, three, now, *make.step_of(session, hand, three))

    false = complain(session, hand, one, now, complaint(session, hand, one, 3))
    assert false.code == "trustee-complaint"
    unproven = complain(session, hand, one, now, complaint(session, hand, one, 2, seed=hand.seeds[three]))
    assert unproven.code == "trustee-complaint"
    assert page_of(session, hand, now).accused is None

    text = complaint(session, hand, one, 2)
    assert complain(session, hand, one, now, text) == service.Halted("Trustee 2")
    assert complain(session, hand, one, now, text) == service.Halted("Trustee 2")
    session.flush()
    page = page_of(session, hand, now)
    assert page.accused == "Trustee 2"
    assert queries.duties(session, one) == []
    [told] = session.scalars(select(Outbox).where(Outbox.kind == "trustee-halted-1"))
    assert told.member_id == hand.organizer
    assert "Trustee 2" in told.sealed
    with pytest.raises(Closed, match="halted"):
        make.send_step(session, hand, two, now, *make.step_of(session, hand, two))

    service.begin_again(
        session, actor=organizer(session, hand), now=now, slug=hand.slug, public_url=make.PUBLIC_URL
    )
    make.hold_ceremony(session, hand, now)
    assert page_of(session, hand, now).keys_missing == 0


# Beginning again


def test_beginning_again_makes_everything_anew(session, now):
    hand = make.give_keys(
        session, make.make_ballot_draft(session, now, threshold=2, server_trustee=True), now
    )
    make.issue(session, hand, now)
    make.test_key(session, hand, hand.trustees[0], now)
    old = [seat.public_key for seat in page_of(session, hand, now).seats]
    step, text = 1, "{}"
    with pytest.raises(NotAllowed):
        service.begin_again(
            session, actor=make.actor(session, hand.trustees[0]), now=now, slug=hand.slug, public_url=""
        )
    service.begin_again(
        session, actor=organizer(session, hand), now=now, slug=hand.slug, public_url=make.PUBLIC_URL
    )
    page = page_of(session, hand, now)
    assert (page.state, page.keys_missing, page.ceremony) == ("credentials", 3, 2)
    assert page.seats[3].public_key not in old
    assert not any(seat.tested for seat in page.seats)
    assert queries.due(session, hand.opens_at).to_open == ()
    with pytest.raises(Conflict, match="key must be here"):
        make.open_now(session, hand, now)
    with pytest.raises(Conflict, match="began again"):
        make.send_step(session, hand, hand.trustees[0], now, step, text, number=1)
    session.flush()
    messages = {
        (m.kind, m.state)
        for m in session.scalars(select(Outbox).where(Outbox.kind.startswith("trustee-")))
        if m.kind.endswith("-1")
    }
    assert {state for _, state in messages} == {"suppressed"}
    make.hold_ceremony(session, hand, now)
    assert queries.due(session, hand.opens_at).to_open == (hand.slug,)
    make.open_now(session, hand, now)
    with pytest.raises(Closed):
        service.begin_again(session, actor=organizer(session, hand), now=now, slug=hand.slug, public_url="")
    with make.at_database_time(now):
        assert isinstance(make.vote(session, hand, hand.voters[0], YES, now), service.Receipt)


def test_single_keys_can_be_made_anew_too(session, now):
    hand = make.give_keys(session, make.make_ballot_draft(session, now), now)
    service.begin_again(
        session, actor=organizer(session, hand), now=now, slug=hand.slug, public_url=make.PUBLIC_URL
    )
    assert page_of(session, hand, now).keys_missing == 3
    assert kinds(session, hand).count("trustee-key-2") == 3


def test_dropping_a_trustee_begins_the_ceremony_again_and_keeps_the_threshold_a_threshold(session, now):
    hand = asked(session, now, trustees=4)
    make.hold_steps(session, hand, now, 2)
    actor = organizer(session, hand)
    service.drop_trustee(session, actor=actor, now=now, slug=hand.slug, position=2, public_url="http://x")
    del hand.trustees[1]
    page = page_of(session, hand, now)
    assert [(s.position, s.steps) for s in page.seats] == [(1, 0), (2, 0), (3, 0)]
    assert page.ceremony == 2
    with pytest.raises(Conflict, match="Of 2 trustees"):
        service.drop_trustee(session, actor=actor, now=now, slug=hand.slug, position=1, public_url="")
    make.hold_ceremony(session, hand, now)


def test_a_ballot_held_again_keeps_its_threshold_while_it_is_one(session, now):
    hand = make.make_concluded_ballot(session, now, answers=[None] * 3, threshold=2, kind="general")
    later = hand.closes_at + timedelta(days=1)
    again = service.hold_again(session, actor=organizer(session, hand), now=later, slug=hand.slug)
    assert make.ballot_called(session, again).threshold == 2
    service.cancel(session, actor=organizer(session, hand), now=later, slug=again, public_url="")
    members.revoke_role(session, actor=make.SYSTEM, member_id=hand.trustees[0], role=Role.TRUSTEE, now=later)
    session.flush()
    again = service.hold_again(session, actor=organizer(session, hand), now=later, slug=hand.slug)
    assert make.ballot_called(session, again).threshold is None


# Test decryptions and opening


@pytest.mark.parametrize("threshold", [None, 2])
def test_opening_without_tests_needs_a_confirmation_that_names_them(session, now, threshold):
    hand = make.make_ballot_draft(session, now, threshold=threshold)
    make.issue(session, make.give_keys(session, hand, now), now)
    actor = organizer(session, hand)
    assert make.test_key(session, hand, hand.trustees[0], now) == service.TestTaken(2)
    assert make.test_key(session, hand, hand.trustees[0], now) == service.TestTaken(2)
    for confirmed in ((), (2,), (1, 2)):
        with pytest.raises(Conflict, match="Trustee 2, Trustee 3"):
            service.open_ballot(session, actor=actor, now=now, slug=hand.slug, untested=confirmed)
    make.test_key(session, hand, hand.trustees[2], now)
    service.open_ballot(session, actor=actor, now=now, slug=hand.slug, untested=(2, 3))
    [entry] = audit.newest(session, act="ballots.open")
    assert entry.facts["untested"] == "Trustee 2"
    with pytest.raises(Closed):
        make.test_key(session, hand, hand.trustees[1], now)


def test_the_clock_opens_without_tests_and_writes_it_down(database, settings, now):
    with db.transaction() as session:
        hand = make.make_ballot_draft(session, now, threshold=2)
        make.issue(session, make.give_keys(session, hand, now), now)
    assert jobs.open_due(hand.opens_at, settings) == 1
    with db.reading() as session:
        [entry] = audit.newest(session, act="ballots.open")
        assert entry.facts["untested"] == "Trustee 1, Trustee 2, Trustee 3"


@pytest.mark.parametrize("threshold", [None, 2])
def test_a_test_with_another_key_or_before_its_time_is_refused(session, now, threshold):
    hand = make.make_ballot_draft(session, now, threshold=threshold)
    make.asked(session, hand, now)
    with pytest.raises(Conflict, match="every trustee's key"):
        service.submit_test(
            session,
            actor=make.actor(session, hand.trustees[0]),
            now=now,
            slug=hand.slug,
            decryption="{}",
            strong_proofs="[]",
        )
    again = make.make_ballot_draft(session, now, threshold=threshold, title="Another", subject="")
    make.give_keys(session, again, now)
    again.keys[again.trustees[0]] = again.keys[again.trustees[1]]
    assert make.test_key(session, again, again.trustees[0], now).code.startswith("decryption-")
    assert not page_of(session, again, now).seats[0].tested
    test = keys.test_of(session, make.row(session, again))
    private = again.keys[again.trustees[1]].private_key
    partial, strong = decrypt_partially(test.election, test.pairs, private, secrets.randbelow)
    stolen = service.submit_test(
        session,
        actor=make.actor(session, again.trustees[2]),
        now=now,
        slug=again.slug,
        decryption=partial.record().decode(),
        strong_proofs=strong.decode(),
    )
    assert isinstance(stolen, service.Refusal)


# Reminders


def test_only_those_who_owe_are_reminded_and_the_organizer_hears_who(database, settings, now):
    with db.transaction() as session:
        hand = asked(session, now, opens_in=timedelta(days=10))
        make.send_step(session, hand, hand.trustees[0], now, *make.step_of(session, hand, hand.trustees[0]))

    def reminded(prefix):
        with db.reading() as session:
            rows = session.scalars(select(Outbox).where(Outbox.kind.startswith(prefix)))
            return sorted(row.member_id for row in rows)

    three_days = hand.opens_at - timedelta(days=3)
    assert jobs.call_trustees(three_days - timedelta(seconds=1), settings) == 0
    assert jobs.call_trustees(three_days, settings) == 1
    assert jobs.call_trustees(three_days + timedelta(minutes=1), settings) == 0
    assert reminded("trustee-late-key-1-1") == sorted(hand.trustees[1:])
    assert reminded("trustees-late") == []
    moment = hand.opens_at - timedelta(days=1)
    with db.transaction() as session:
        for member_id in hand.trustees[1:]:
            make.send_step(session, hand, member_id, three_days, *make.step_of(session, hand, member_id))
        make.hold_steps(session, hand, three_days, 2)
        group = group_named("Ed25519")
        mine = queries.part(session, hand.slug, make.actor(session, hand.trustees[0]))
        cert = steps.read_certificate(group, json.loads(mine.certificate))
        x = steps.open_own_key(group, cert, hand.seeds[hand.trustees[0]], mine.sealed)
        hand.keys[hand.trustees[0]] = make.KeyPair(x, None)
        make.test_key(session, hand, hand.trustees[0], three_days)
    assert jobs.call_trustees(moment, settings) == 1
    assert reminded("trustee-late-test-1-2") == sorted(hand.trustees[1:])
    assert reminded("trustees-late-test-1") == [hand.organizer]
    assert jobs.call_trustees(hand.opens_at, settings) == 0


def test_who_was_just_asked_is_left_in_peace(database, settings, now):
    with db.transaction() as session:
        hand = asked(session, now, opens_in=timedelta(hours=20))
    assert jobs.call_trustees(now + timedelta(hours=1), settings) == 0
    assert jobs.call_trustees(hand.opens_at - timedelta(hours=3), settings) == 1
    with db.reading() as session:
        assert [d.what for d in queries.duties(session, hand.trustees[0])] == ["key"]
