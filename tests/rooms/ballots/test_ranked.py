"""Orders and grades from the booth to the count: shuffled by each trustee in turn, verified, counted as frozen."""

import json
import shutil
import subprocess
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.factories import ballots as make
from tests.rooms.ballots.test_election import save
from union.ballots import queries, service
from union.ballots.crypto import verify
from union.ballots.crypto.canonical import compact
from union.ballots.models import BoardRecord
from union.core.errors import Closed, Conflict, Invalid, NotAllowed

NAMES = ("Pay", "Hours", "Appeal", "Data")
RANK = service.ranking("Which demands come first?", NAMES)
SEATS = service.ranking("Who speaks for us?", NAMES, service.Method.STV, 2)
GRADE = service.grading("How good is each offer?", NAMES[:3], ("Good", "Fair", "Bad"))
ORDERS = [[1, 2, 3, 4], [1, 3, 2, 0], [2, 1, 3, 4], [1, 2, 0, 0], [0, 0, 0, 0]]


def closed(session, now, questions=(RANK,), answers=ORDERS, **facts):
    """A ranked ballot, voted on and closed; the first trustee's turn to shuffle."""
    facts = {"kind": "demands", "preset": "simple-majority", "trustees": 2, **facts}
    hand = make.make_open_ballot(session, now, voters=len(answers), questions=list(questions), **facts)
    with make.at_database_time(now):
        for voter, answer in zip(hand.voters, answers, strict=True):
            given = [answer] if len(questions) == 1 else answer
            assert isinstance(make.vote(session, hand, voter, given, now), service.Receipt)
    return make.close(session, hand)


def whole(session, now, **facts):
    hand = closed(session, now, **facts)
    make.shuffle(session, hand, hand.closes_at)
    make.decrypt(session, hand, hand.closes_at + timedelta(hours=1))
    return hand


def page_of(session, hand, reader=None):
    who = make.actor(session, reader or hand.organizer)
    return queries.ballot_page(session, hand.slug, who, hand.closes_at)


def kinds(session, hand):
    rows = session.scalars(
        select(BoardRecord.content)
        .where(BoardRecord.ballot_id == make.row(session, hand).id, BoardRecord.kind == "event")
        .order_by(BoardRecord.position)
    )
    return [json.loads(bytes(row))["type"] for row in rows]


@pytest.mark.parametrize("group", ["Ed25519", "RFC-3526-2048"])
def test_a_ranking_from_the_booth_to_the_count(session, now, tmp_path, group):
    hand = whole(session, now, group=group)
    page = page_of(session, hand)
    assert page.state == "concluded"
    [result] = page.results
    assert result.counts == ()
    assert (result.counted.valid, result.counted.blank) == (4, 1)
    assert [NAMES[place] for (place,) in result.counted.places] == ["Pay", "Hours", "Appeal", "Data"]
    assert result.chosen.chosen == (0,)
    assert make.row(session, hand).counts[0] == [[order, 1] for order in sorted(ORDERS)]
    assert kinds(session, hand)[-8:] == [
        "EndBallots",
        "EncryptedTally",
        "Shuffle",
        "Shuffle",
        "EndShuffles",
        "PartialDecryption",
        "PartialDecryption",
        "Result",
    ]
    report = verify(save(session, hand, tmp_path))
    assert report.holds, report.lines()
    assert sorted(report.result[0]) == sorted(ORDERS)
    assert group == "Ed25519" or accepted_outside(tmp_path)


def accepted_outside(folder):
    """Whether the program we did not write accepts the archive in the folder; it is not everywhere."""
    if shutil.which("belenios-tool") is None:
        return True
    command = ["belenios-tool", "election", "verify", "--dir", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return "all checks passed" in done.stderr


def test_three_kinds_in_one_ballot(session, now, tmp_path):
    yes = service.decision(make.QUESTION, "en")
    answers = [[[1, 0, 0], order, [1, 2, 3]] for order in ORDERS]
    hand = whole(session, now, questions=(yes, SEATS, GRADE), answers=answers, kind="general")
    decision, seats, grades = page_of(session, hand).results
    assert decision.counts == (5, 0, 0)
    assert [NAMES[w] for w in seats.counted.chosen] == ["Pay", "Hours"]
    assert grades.counted.outcome.counts == [[5, 0, 0], [0, 5, 0], [0, 0, 5]]
    assert queries.outcome(session, hand.slug).passed
    assert verify(save(session, hand, tmp_path)).holds


def test_the_server_shuffles_at_once_when_its_turn_comes(session, now, tmp_path):
    hand = closed(session, now, server_trustee=True, trustees=1)
    assert page_of(session, hand).turn.name == "Trustee 1"
    make.shuffle(session, hand, hand.closes_at)
    assert make.row(session, hand).shuffled
    make.decrypt(session, hand, hand.closes_at)
    assert page_of(session, hand).state == "concluded"
    assert verify(save(session, hand, tmp_path)).holds


def test_nobody_decrypts_before_all_have_shuffled(session, now):
    hand = closed(session, now)
    decryption, strong = make.share(session, hand, hand.trustees[0])
    with pytest.raises(Closed, match="shuffle"):
        service.submit_decryption(
            session,
            actor=make.actor(session, hand.trustees[0]),
            now=hand.closes_at,
            slug=hand.slug,
            decryption=decryption,
            strong_proofs=strong,
            public_url=make.PUBLIC_URL,
        )


def submit(session, hand, member, text):
    return service.submit_shuffle(
        session,
        actor=make.actor(session, member),
        now=hand.closes_at,
        slug=hand.slug,
        text=text,
        public_url=make.PUBLIC_URL,
    )


def test_each_shuffles_in_turn_and_sending_again_changes_nothing(session, now):
    hand = closed(session, now)
    first, second = hand.trustees
    made = make.shuffled(session, hand)
    with pytest.raises(Closed, match="Trustee 1"):
        submit(session, hand, second, made)
    with pytest.raises(NotAllowed):
        submit(session, hand, hand.organizer, made)
    assert submit(session, hand, first, made).waiting == 1
    height = make.row(session, hand).height
    assert submit(session, hand, first, made).waiting == 1
    with pytest.raises(Closed, match="on the board already"):
        submit(session, hand, first, make.shuffled(session, hand))
    assert make.row(session, hand).height == height
    assert page_of(session, hand, second).turn.mine


def wrong_shuffles(text, other):
    """A changed ciphertext, one taken from elsewhere, a dropped vote, a proof of something else."""
    facts = json.loads(text)

    def changed(act):
        copy = json.loads(text)
        act(copy)
        return compact(copy).decode()

    def swap(c):
        c["ciphertexts"][0][0], c["ciphertexts"][0][1] = c["ciphertexts"][0][1], c["ciphertexts"][0][0]

    def replace(c):
        c["ciphertexts"][0][0] = json.loads(other)["ciphertexts"][0][1]

    return {
        "swapped": changed(swap),
        "replaced": changed(replace),
        "dropped": changed(lambda c: c["ciphertexts"][0].pop()),
        "proof": changed(lambda c: c.update(proofs=json.loads(other)["proofs"])),
        "spaces": json.dumps(facts),
        "nothing": "{}",
        "not JSON": "shuffle",
    }


def test_a_wrong_shuffle_is_refused_and_the_trustee_named(session, now):
    hand = closed(session, now)
    first = hand.trustees[0]
    before = make.row(session, hand).height
    bad = wrong_shuffles(make.shuffled(session, hand), make.shuffled(session, hand))
    codes = {}
    for name, text in bad.items():
        refusal = submit(session, hand, first, text)
        assert isinstance(refusal, service.Refusal), name
        assert "Trustee 1" in refusal.text % refusal.facts
        codes[name] = refusal.code
    assert codes == {
        "swapped": "shuffle-proof",
        "replaced": "shuffle-proof",
        "dropped": "shuffle-form",
        "proof": "shuffle-proof",
        "spaces": "shuffle-form",
        "nothing": "shuffle-form",
        "not JSON": "shuffle-form",
    }
    assert make.row(session, hand).height == before
    assert page_of(session, hand, first).turn.mine
    refusals = dict(queries.run_page(session, hand.slug, make.actor(session, hand.organizer), now).refusals)
    assert refusals["shuffle-proof"] == 3


def test_a_shuffle_of_what_stood_before_is_refused(session, now):
    """Made from the tally itself by the second trustee: it would undo the first one's shuffle."""
    hand = closed(session, now)
    stale = make.shuffled(session, hand)
    make.shuffle(session, hand, hand.closes_at, only=hand.trustees[:1])
    assert submit(session, hand, hand.trustees[1], stale).code == "shuffle-proof"


def test_a_shuffle_examined_before_the_lock_is_examined_again_when_the_board_moved(session, now):
    hand = closed(session, now, trustees=3)
    actor = make.actor(session, hand.trustees[0])
    work = service.shuffle_work(session, actor=actor, slug=hand.slug)
    text = make.shuffled(session, hand)
    good = service.examine_shuffle(work, text)
    assert isinstance(good, service.Checked)
    forged = service.Checked("0" * 64, b"{}")
    facts = {"actor": actor, "now": now, "slug": hand.slug, "public_url": make.PUBLIC_URL}
    answer = service.submit_shuffle(session, text="{}", examined=forged, **facts)
    assert answer.code == "shuffle-form"
    assert service.submit_shuffle(session, text=text, examined=good, **facts).waiting == 2


def act(verb, session, hand, **facts):
    return verb(
        session,
        actor=make.actor(session, hand.organizer),
        now=hand.closes_at,
        slug=hand.slug,
        public_url=make.PUBLIC_URL,
        **facts,
    )


def test_who_does_not_answer_is_left_out_while_somebody_shuffles(session, now, tmp_path):
    hand = closed(session, now, trustees=2)
    assert act(service.leave_out, session, hand) == "Trustee 1"
    with pytest.raises(Conflict, match="Somebody must shuffle"):
        act(service.leave_out, session, hand)
    with pytest.raises(Closed, match="left out"):
        submit(session, hand, hand.trustees[0], make.shuffled(session, hand))
    act(service.let_in, session, hand, position=1)
    assert page_of(session, hand).turn.name == "Trustee 1"
    act(service.leave_out, session, hand)
    make.shuffle(session, hand, hand.closes_at, only=hand.trustees[1:])
    assert make.row(session, hand).shuffled
    with pytest.raises(Closed):
        act(service.let_in, session, hand, position=1)
    make.decrypt(session, hand, hand.closes_at)
    assert verify(save(session, hand, tmp_path)).holds


def test_whose_turn_it_is_hears_of_it_and_is_reminded_once_a_day(session, now):
    from union.notify.models import Outbox

    hand = closed(session, now)

    def told():
        session.flush()
        rows = session.execute(
            select(Outbox.kind, Outbox.member_id).where(Outbox.kind.startswith("shuffle-"))
        )
        return [(kind, member) for kind, member in rows]

    first, second = hand.trustees
    assert told() == [("shuffle-1", first)]
    assert act(service.remind_shuffler, session, hand) == 0  # told today already
    assert queries.due(session, hand.closes_at + timedelta(hours=23)).to_shuffle == ()
    tomorrow = hand.closes_at + timedelta(hours=25)
    assert queries.due(session, tomorrow).to_shuffle == (hand.slug,)
    facts = {"actor": make.SYSTEM, "slug": hand.slug, "public_url": make.PUBLIC_URL}
    assert service.remind_shuffler(session, now=tomorrow, **facts) == 1
    assert service.remind_shuffler(session, now=tomorrow, **facts) == 0
    make.shuffle(session, hand, tomorrow, only=[first])
    assert {member for _, member in told()} == {first, second}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda b: b["answers"][0]["proof"].update(challenge="1"), "ballot-signature"),
        (lambda b: b["answers"][0].pop("proof"), "ballot-form"),
        (lambda b: b["answers"][0].update(choices=[b["answers"][0]["choices"]]), "ballot-form"),
        (lambda b: b.update(election_hash="x" * 43), "ballot-election"),
    ],
)
def test_malformed_and_foreign_orders_are_refused_by_name(session, now, change, code):
    hand = make.make_open_ballot(
        session, now, voters=2, questions=[RANK], kind="demands", preset="simple-majority"
    )
    sealed = json.loads(make.seal(session, hand, hand.voters[0], [ORDERS[0]]))
    change(sealed)
    facts = {
        "actor": make.actor(session, hand.voters[0]),
        "slug": hand.slug,
        "now": now,
        "signer": make.SIGNER,
    }
    with make.at_database_time(now):
        assert service.cast(session, text=compact(sealed).decode(), **facts).code == code


def resigned(session, hand, voter, answer):
    """A ballot whose answer was taken from another one, honestly signed by its own voter."""
    from union.ballots.crypto import secret_of, sha256_base64
    from union.ballots.crypto.proofs import prove_knowledge

    election = make.election_of(session, hand)
    mine = json.loads(make.seal(session, hand, voter, [ORDERS[1]]))
    mine["answers"] = [answer]
    mine.pop("signature")
    digest = sha256_base64(compact(mine))
    secret = secret_of(election.group, election.uuid, hand.credentials[voter])
    proof = prove_knowledge(election.group, secret, f"sig|{digest}|", make.secrets.randbelow)
    return compact({**mine, "signature": {"hash": digest, "proof": proof.json()}}).decode()


def test_a_copied_order_is_refused(session, now):
    """Under another code its proof does not hold; the same ciphertext never stands on a board twice."""
    hand = make.make_open_ballot(
        session, now, voters=2, questions=[RANK], kind="demands", preset="simple-majority"
    )
    one, two = hand.voters
    sealed = make.seal(session, hand, one, [ORDERS[0]])
    facts = {"slug": hand.slug, "now": now, "signer": make.SIGNER}
    with make.at_database_time(now):
        assert isinstance(
            service.cast(session, actor=make.actor(session, one), text=sealed, **facts), service.Receipt
        )
        copied = resigned(session, hand, two, json.loads(sealed)["answers"][0])
        answer = service.cast(session, actor=make.actor(session, two), text=copied, **facts)
        assert answer.code == "ballot-ranked-proof"
        again = resigned(session, hand, one, json.loads(sealed)["answers"][0])
        answer = service.cast(session, actor=make.actor(session, one), text=again, **facts)
        assert answer.code == "ballot-repeated"


def test_nobody_voted(session, now, tmp_path):
    hand = make.make_open_ballot(
        session,
        now,
        voters=2,
        questions=[RANK],
        kind="demands",
        preset="simple-majority",
        group="RFC-3526-2048",
    )
    make.close(session, hand)
    [result] = page_of(session, hand).results
    assert result.counted.places == ()
    assert not queries.outcome(session, hand.slug).passed
    assert verify(save(session, hand, tmp_path)).holds
    assert accepted_outside(tmp_path)
    facts = {"actor": make.actor(session, hand.organizer), "now": hand.closes_at + timedelta(days=1)}
    again = make.ballot_called(session, service.hold_again(session, slug=hand.slug, **facts))
    assert [service.Asked.from_json(q) for q in again.questions] == [RANK]
    assert again.group_name == "RFC-3526-2048"


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"group": "BELENIOS-2048"}, "group"),
        ({"weighting": service.Weighting(service.By.CHAPTER)}, "weights"),
        ({"questions": [service.ranking("Who?", NAMES, service.Method.JUDGEMENT)]}, "q0_method"),
        ({"questions": [service.ranking("Who?", NAMES, service.Method.STV, 5)]}, "q0_seats"),
        ({"questions": [service.grading("How?", NAMES, ["Good"])]}, "q0_grades"),
        ({"questions": [service.grading("How?", NAMES, ["Good", "good"])]}, "q0_grades"),
        ({"questions": [service.ranking("Who?", ["One"])]}, "q0_answers"),
    ],
)
def test_a_paper_that_cannot_be_counted_is_refused_at_its_field(session, now, facts, field):
    with pytest.raises(Invalid) as refused:
        make.make_ballot_draft(
            session, now, **{"questions": [RANK], "kind": "demands", "preset": "simple-majority", **facts}
        )
    assert refused.value.field == field
