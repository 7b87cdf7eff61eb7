"""Votes that weigh differently: frozen with the roll, public, exact, grouped where they would name somebody."""

from collections import Counter

import pytest
from sqlalchemy import select, update

from tests.factories import ballots as make
from tests.factories.members import make_chapter, make_member
from tests.rooms.ballots.test_election import save
from tests.rooms.ballots.test_ranked import accepted_outside
from union.ballots import offline, queries, service, weights
from union.ballots.crypto import verify
from union.ballots.models import BallotWeight, BoardRecord, PublicCredential, RollEntry
from union.core.actor import Role
from union.core.errors import Closed, Conflict, Invalid, NotAllowed

YES, NO, ABSTAIN = [[1, 0, 0]], [[0, 1, 0]], [[0, 0, 1]]


def facts(session, hand, who=None):
    return {"actor": make.actor(session, who or hand.organizer), "slug": hand.slug}


def officer(session):
    return make_member(session, roles=[Role.OFFICER], chapter="utrecht")


def listed(hand, given):
    return "member,weight\n" + "".join(f"{m},{w}\n" for m, w in zip(hand.voters, given, strict=True))


def weighed(session, now, given, *, smallest=2, answers=(), **more):
    """A ballot by a list of weights, open, with its answers cast."""
    more = {"preset": "simple-majority", "kind": "general", "group": "BELENIOS-2048", "trustees": 1, **more}
    hand = make.make_ballot_draft(session, now, voters=len(given), **more)
    taker = facts(session, hand, officer(session))
    service.take_weights(session, now=now, text=listed(hand, given), smallest=smallest, **taker)
    make.issue(session, make.give_keys(session, hand, now), now)
    make.open_now(session, hand, now)
    with make.at_database_time(now):
        for voter, answer in zip(hand.voters, answers, strict=False):
            assert isinstance(make.vote(session, hand, voter, answer, now), service.Receipt)
    return hand


def counted(session, hand):
    make.close(session, hand)
    make.decrypt(session, hand, hand.closes_at)
    return queries.ballot_page(session, hand.slug, make.actor(session, hand.voters[0]), hand.closes_at)


def test_the_rule_is_applied_to_the_weighted_tally(session, now, tmp_path):
    """Four against two by heads; eight to five by votes, so it passes."""
    hand = weighed(session, now, [4, 4, 1, 1, 2, 2, 1], answers=[YES, YES, NO, NO, NO, NO, ABSTAIN])
    page = counted(session, hand)
    assert (page.results[0].counts, page.cast_weight, page.total_weight) == ((8, 6, 1), 15, 15)
    assert page.verdict.passed
    assert [str(r) for r in page.verdict.reasons] == ["8 votes said yes; 8 were needed."]
    assert page.my_weight == 4
    path = save(session, hand, tmp_path)
    report = verify(path)
    assert report.holds, report.lines()
    assert report.result == [[8, 6, 1]]
    assert accepted_outside(tmp_path)
    assert queries.outcome(session, hand.slug).counts == (("Yes", 8), ("No", 6), ("Abstain", 1))
    assert {line.rpartition(",")[2] for line in queries.credentials(session, hand.slug)} == {"4", "2", "1"}
    assert path.read_bytes().count(b',4"') == 2


def test_weights_are_part_of_the_frozen_and_hashed_roll(session, now):
    hand = weighed(session, now, [3, 3, 1, 1])
    roll = queries.roll(session, hand.slug)
    assert sorted(line[2] for line in roll) == ["1", "1", "3", "3"]
    ballot = make.row(session, hand)
    assert service.roll_hash(roll) == ballot.roll_hash
    assert service.roll_hash([(m, c, "3") for m, c, _ in roll]) != ballot.roll_hash
    assert session.scalars(select(BallotWeight)).all() == []  # the roll has them now
    with pytest.raises(Closed):
        service.weigh_equally(session, now=now, **facts(session, hand))


def test_a_weight_changed_behind_the_board_changes_nothing(session, now, tmp_path):
    """What is counted is what was published before voting began."""
    hand = weighed(session, now, [4, 4, 1, 1], answers=[YES, YES, NO, NO])
    session.execute(update(PublicCredential).where(PublicCredential.weight == 1).values(weight=4))
    session.expire_all()
    assert counted(session, hand).results[0].counts == (8, 2, 0)
    assert verify(save(session, hand, tmp_path)).holds


def test_a_weight_changed_on_the_board_is_refused(session, now, tmp_path):
    hand = weighed(session, now, [4, 4, 1, 1], answers=[YES, YES, NO, NO])
    record = session.get(BoardRecord, (make.row(session, hand).id, 2))
    swapped = bytes(record.content).replace(b',1"', b',x"').replace(b',4"', b',1"').replace(b',x"', b',4"')
    record.content = swapped
    session.flush()
    assert counted(session, hand).results[0].counts == (2, 8, 0)
    assert "archive-hash" in str(verify(save(session, hand, tmp_path)).lines())


def test_by_chapter_each_member_votes_for_so_many(session, now):
    make_chapter(session, "rotterdam")
    hand = make.make_ballot_draft(
        session, now, voters=6, kind="general", preset="simple-majority", chapter="amsterdam"
    )
    more = [make_member(session, chapter="rotterdam") for _ in range(11)]
    make.row(session, hand).chapter_slug = None
    service.weigh_by_chapter(session, now=now, per=5, smallest=5, **facts(session, hand))
    make.issue(session, make.give_keys(session, hand, now), now)
    found = dict(session.execute(select(RollEntry.member_id, RollEntry.weight)).all())
    assert {found[v] for v in hand.voters} == {2}  # six members, two fives begun
    assert {found[m] for m in more} == {3}
    assert {found[t] for t in hand.trustees} == {2}  # four in their chapter weigh 1: too few, so raised


def test_a_weight_that_few_share_is_joined_to_another(session, now):
    hand = weighed(session, now, [9, 5, 5, 5, 1, 1, 1, 2], smallest=3)
    assert Counter(session.scalars(select(PublicCredential.weight))) == {5: 4, 1: 4}
    page = queries.ballot_page(session, hand.slug, make.actor(session, hand.voters[0]), now)
    assert page.my_weight == 5
    assert page.exposed == 8  # below five, so the page says it


def test_left_as_they_are_the_page_says_whom_weights_name(session, now):
    hand = weighed(session, now, [9, 1, 1, 1, 1, 1], smallest=1)
    page = queries.ballot_page(session, hand.slug, make.actor(session, hand.voters[0]), now)
    assert page.exposed == 1


def test_a_list_is_tried_first_and_bad_rows_are_named(session, now):
    hand = make.make_ballot_draft(session, now, voters=3, kind="general", preset="simple-majority")
    one, two, three = hand.voters
    taker = facts(session, hand, officer(session))
    text = f"member;weight\n{one};3\n\n{two};x\n{one};2\nnobody@example.org;1\n{three}\n{two};0\n"
    dry = service.try_weights(session, text=text, smallest=1, **taker)
    assert [(row.line, row.text % row.facts) for row in dry.reading.bad] == [
        (4, "the weight is no whole number"),
        (5, f"{one} stands in the file twice"),
        (6, "nobody called nobody@example.org may vote in this ballot"),
        (7, "two columns are needed: member and weight"),
        (8, "a weight lies between 1 and a million"),
    ]
    assert dry.reading.missing == tuple(sorted([two, three]))
    with pytest.raises(Invalid, match="5 rows"):
        service.take_weights(session, now=now, text=text, smallest=1, **taker)
    assert make.row(session, hand).weighting is None
    with pytest.raises(NotAllowed):
        service.try_weights(session, text=text, smallest=1, **facts(session, hand))
    from union.members.queries import contacts

    [person] = contacts(session, [two])
    by_address = f"{one},1\n{person.email or person.phone},2\n{three},1\n"
    assert service.try_weights(session, text=by_address, smallest=1, **taker).reading.weights[two] == 2


def test_who_joined_since_must_be_in_the_list(session, now):
    hand = make.make_ballot_draft(session, now, voters=3, kind="general", preset="simple-majority")
    taker = facts(session, hand, officer(session))
    service.take_weights(session, now=now, text=listed(hand, [1, 2, 2]), smallest=1, **taker)
    make_member(session, chapter="amsterdam")
    make.give_keys(session, hand, now)
    with pytest.raises(Conflict, match="1 members who may vote"):
        make.issue(session, hand, now)


def test_codes_made_offline_carry_their_weights(session, now, tmp_path):
    hand = make.make_ballot_draft(session, now, voters=4, kind="general", preset="simple-majority")
    who = officer(session)
    taker = facts(session, hand, who)
    service.take_weights(session, now=now, text=listed(hand, [3, 3, 1, 1]), smallest=2, **taker)
    make.give_keys(session, hand, now)
    text = service.export_roll(session, now=now, public_url=make.PUBLIC_URL, **taker)
    codes, public = offline.make_codes(offline.read_roll(text), make.secrets.randbelow)
    forged = offline.Public(public.uuid, public.group, public.members, public.points, (1, 1, 1, 1))
    with pytest.raises(Invalid, match="do not weigh"):
        service.upload_credentials(session, now=now, text=forged.text(), **taker)
    service.upload_credentials(session, now=now, text=public.text(), **taker)
    hand.credentials = {line.split(",")[0]: line.split(",")[1] for line in codes.splitlines()[1:]}
    make.open_now(session, hand, now)
    with make.at_database_time(now):
        for voter, answer in zip(hand.voters, [YES, NO, NO, NO], strict=True):
            make.vote(session, hand, voter, answer, now)
    assert counted(session, hand).results[0].counts == (3, 5, 0)
    assert verify(save(session, hand, tmp_path)).holds


def test_orders_are_never_weighed(session, now):
    rank = service.ranking("Which first?", make.DEMANDS)
    hand = make.make_ballot_draft(session, now, questions=[rank], kind="demands", preset="simple-majority")
    with pytest.raises(Conflict, match="cannot weigh more"):
        service.weigh_by_chapter(session, now=now, per=5, smallest=5, **facts(session, hand))


def test_approval_blank_and_several_winners(session, now, tmp_path):
    asked = [
        service.approval("Whom do you trust?", ["Ada", "Bob", "Cleo"], 2),
        service.choice("Choose one or two, or none", ["x", "y", "z"], 2, least=1, blank=True, seats=1),
    ]
    answers = [[[1, 1, 0], [0, 1, 1, 0]], [[1, 1, 1], [1, 0, 0, 0]], [[0, 0, 0], [0, 1, 0, 0]]]
    hand = make.make_open_ballot(
        session,
        now,
        voters=3,
        questions=asked,
        kind="demands",
        preset="simple-majority",
        group="BELENIOS-2048",
    )
    with make.at_database_time(now):
        for voter, answer in zip(hand.voters, answers, strict=True):
            make.vote(session, hand, voter, answer, now)
    trust, some = counted(session, hand).results
    assert (trust.counts, trust.blank, trust.chosen.chosen) == ((2, 2, 1), None, (0, 1))
    assert (some.counts, some.blank, some.chosen.chosen) == ((2, 1, 0), 1, (0,))
    assert queries.outcome(session, hand.slug).orders == (("Ada", "Bob"), ("Cleo",))
    save(session, hand, tmp_path)
    assert accepted_outside(tmp_path)


def test_grouping_never_leaves_a_weight_that_too_few_share():
    for given in ([1], [1, 2], [1, 2, 3, 4, 5, 6], [7, 7, 7, 1], [1] * 9 + [2, 3], [3] * 4 + [2] * 2 + [1]):
        for smallest in range(1, 6):
            after = weights.grouped({str(n): w for n, w in enumerate(given)}, smallest)
            shared = Counter(after.values())
            assert len(after) == len(given)
            assert len(shared) == 1 or min(shared.values()) >= smallest
            assert set(after.values()) <= set(given)
            if smallest == 1:
                assert sorted(after.values()) == sorted(given)
