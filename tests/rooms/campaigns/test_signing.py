"""Signing: nothing counts before the address says yes, an address counts once, and nobody is named unasked."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.conftest import NOW
from tests.factories.campaigns import (
    make_campaign,
    make_petition,
    row_of,
    sign,
    signed,
    visitor,
    yes_token,
)
from union.campaigns import queries, service
from union.campaigns.models import Follower, Signature
from union.campaigns.service import asking, keeping
from union.core.actor import SYSTEM
from union.core.errors import Closed, Invalid, NotFound, TooMany
from union.notify.models import Outbox

WEEK = timedelta(days=7)


def counts(session, slug):
    row = row_of(session, slug)
    return row.pledged_count, row.verified_count


@pytest.fixture
def slug(session):
    return make_petition(session)


class TestDoubleOptIn:
    def test_nothing_counts_before_the_address_says_yes(self, session, slug):
        challenge = sign(session, slug, "sanne@example.org")
        assert counts(session, slug) == (1, 0)
        service.confirm_by_link(session, token=yes_token(session, challenge), now=NOW)
        assert counts(session, slug) == (1, 1)

    def test_the_code_confirms_too_and_a_wrong_one_does_not(self, session, slug):
        challenge = sign(session, slug, "sanne@example.org")
        code = (
            session.query(Outbox)
            .filter_by(ref=f"challenge:{challenge}")
            .one()
            .sealed.split('"code": "')[1][:6]
        )
        wrong = f"{(int(code) + 1) % 1_000_000:06d}"
        facts = {"challenge_id": challenge, "device": "x", "now": NOW}
        assert service.confirm_by_code(session, code=wrong, **facts) is None
        assert counts(session, slug) == (1, 0)
        assert service.confirm_by_code(session, code=code, **facts).slug == slug
        assert counts(session, slug) == (1, 1)

    def test_a_link_works_once_and_not_for_ever(self, session, slug):
        token = yes_token(session, sign(session, slug, "sanne@example.org"))
        service.confirm_by_link(session, token=token, now=NOW)
        with pytest.raises(Closed):
            service.confirm_by_link(session, token=token, now=NOW)
        late = yes_token(session, sign(session, slug, "late@example.org"))
        with pytest.raises(Closed):
            service.confirm_by_link(session, token=late, now=NOW + WEEK)
        assert counts(session, slug) == (2, 1)

    def test_an_address_counts_once_however_it_is_spelled(self, session, slug):
        signed(session, slug, "sanne@example.org")
        again = sign(session, slug, "Sanne@Example.org", name="Somebody Else", public=True)
        assert counts(session, slug) == (1, 1)
        [row] = session.query(Signature).all()
        assert (row.name, row.public) == ("Sanne Visser", False)
        sent = session.query(Outbox).filter_by(ref=f"challenge:{again}").one()
        assert "/signature/" in sent.sealed
        assert "/yes/" not in sent.sealed

    def test_what_somebody_else_typed_since_is_not_confirmed_by_an_older_link(self, session, slug):
        mine = yes_token(session, sign(session, slug, "sanne@example.org"))
        sign(session, slug, "sanne@example.org", name="Rude Words", device="elsewhere")
        assert counts(session, slug) == (1, 0)
        with pytest.raises(Closed):
            service.confirm_by_link(session, token=mine, now=NOW)
        assert counts(session, slug) == (1, 0)

    def test_the_same_address_in_two_campaigns_has_two_keys(self, session, slug):
        other = make_petition(session, title="Another petition")
        signed(session, slug, "sanne@example.org")
        signed(session, other, "sanne@example.org")
        keys = {row.address_key for row in session.query(Signature)}
        assert len(keys) == 2

    def test_addresses_and_names_are_sealed_at_rest(self, session, slug):
        signed(session, slug, "sanne@example.org", place="Utrecht")
        stored = session.execute(text("SELECT email, name, place FROM signature")).one()
        for value in stored:
            assert not any(word in bytes(value) for word in (b"sanne", b"Sanne", b"Utrecht"))


class TestRefusals:
    @pytest.mark.parametrize(
        ("facts", "field"),
        [({"email": "no address"}, "email"), ({"name": " "}, "name"), ({"place": "x" * 61}, "place")],
    )
    def test_say_at_which_field(self, session, slug, facts, field):
        given = {"email": "sanne@example.org", **facts}
        with pytest.raises(Invalid) as refused:
            sign(session, slug, given.pop("email"), **given)
        assert refused.value.field == field
        assert counts(session, slug) == (0, 0)

    def test_after_the_deadline_and_where_people_pledge(self, session, slug):
        with pytest.raises(Closed):
            sign(session, slug, "late@example.org", now=NOW + WEEK)
        strike = make_campaign(session, title="A strike")
        with pytest.raises(NotFound):
            sign(session, strike, "sanne@example.org")

    def test_nobody_pledges_to_a_petition(self, session, slug):
        from tests.factories.campaigns import actor

        with pytest.raises(NotFound):
            service.pledge(session, slug=slug, actor=actor(session), at_least=1, now=NOW)

    def test_one_device_and_one_address_ask_only_so_often(self, session, slug):
        for n in range(asking.PER_DEVICE.times):
            sign(session, slug, f"n{n}@example.org", device="one")
        with pytest.raises(TooMany):
            sign(session, slug, "more@example.org", device="one")
        for n in range(asking.PER_ADDRESS.times):
            sign(session, slug, "same@example.org", device=f"device {n}")
        with pytest.raises(TooMany):
            sign(session, slug, "same@example.org", device="another")
        sign(session, slug, "same@example.org", device="later", now=NOW + timedelta(days=2))


class TestOwnPage:
    def test_withdrawing_uncounts_at_once_and_deletes_all_of_it_after_a_day(self, session, slug):
        token = signed(session, slug, "sanne@example.org")
        service.show_name(session, token=token, public=True)
        service.withdraw_signature(session, token=token, now=NOW)
        assert counts(session, slug) == (0, 0)
        assert queries.names_page(session, slug, 1)[1].shown == []
        with pytest.raises(Closed):
            service.withdraw_signature(session, token=token, now=NOW)
        service.forget(session, slug=slug, actor=SYSTEM, now=NOW + timedelta(hours=23))
        assert (counts(session, slug), session.query(Signature).count()) == ((0, 0), 1)
        tomorrow = NOW + timedelta(days=1)
        assert slug in keeping.to_forget(session, tomorrow)
        service.forget(session, slug=slug, actor=SYSTEM, now=tomorrow)
        assert (counts(session, slug), session.query(Signature).count()) == ((0, 0), 0)
        with pytest.raises(Closed):
            service.restore_signature(session, token=token, now=NOW)

    def test_withdrawing_can_be_undone_for_a_day_once(self, session, slug):
        token = signed(session, slug, "sanne@example.org")
        service.withdraw_signature(session, token=token, now=NOW)
        assert queries.own_signature(session, token).undo_until == NOW + timedelta(days=1)
        service.restore_signature(session, token=token, now=NOW + timedelta(hours=23))
        assert counts(session, slug) == (1, 1)
        assert queries.own_signature(session, token).undo_until is None
        with pytest.raises(Closed):
            service.restore_signature(session, token=token, now=NOW)
        service.withdraw_signature(session, token=token, now=NOW)
        with pytest.raises(Closed):
            service.restore_signature(session, token=token, now=NOW + timedelta(days=1))

    def test_who_signs_again_after_withdrawing_counts_once(self, session, slug):
        token = signed(session, slug, "sanne@example.org")
        service.withdraw_signature(session, token=token, now=NOW)
        signed(session, slug, "sanne@example.org")
        assert counts(session, slug) == (1, 1)

    def test_a_forged_link_opens_nothing(self, session, slug):
        token = signed(session, slug, "sanne@example.org")
        other = signed(session, slug, "omar@example.org")
        forged = f"{token.partition('-')[0]}-{other.partition('-')[2]}"
        with pytest.raises(NotFound):
            service.withdraw_signature(session, token=forged, now=NOW)
        with pytest.raises(NotFound):
            queries.own_signature(session, "nonsense")

    def test_naming_is_chosen_and_unchosen(self, session, slug):
        token = signed(session, slug, "sanne@example.org")
        assert queries.names_page(session, slug, 1)[1].shown == []
        service.show_name(session, token=token, public=True)
        assert [one.name for one in queries.names_page(session, slug, 1)[1].shown] == ["Sanne Visser"]
        service.show_name(session, token=token, public=False)
        assert queries.names_page(session, slug, 1)[1].shown == []

    def test_check_ins_are_for_boycotts_and_count_once(self, session, slug):
        with pytest.raises(Closed):
            service.check_in(session, token=signed(session, slug, "a@example.org"), stopped=True)
        boycott = make_petition(session, kind="boycott", title="No orders")
        token = signed(session, boycott, "a@example.org")
        for stopped in (True, True):
            service.check_in(session, token=token, stopped=stopped)
        assert row_of(session, boycott).checked_in_count == 1
        service.withdraw_signature(session, token=token, now=NOW)
        assert row_of(session, boycott).checked_in_count == 0


class TestNames:
    def test_only_confirmed_signers_who_chose_it(self, session, slug):
        sign(session, slug, "waits@example.org", name="Waits", public=True)
        signed(session, slug, "hides@example.org", name="Hides")
        signed(session, slug, "shows@example.org", name="Shows", place="Utrecht", public=True)
        found = queries.names_page(session, slug, 1)[1]
        assert [(one.name, one.place) for one in found.shown] == [("Shows", "Utrecht")]
        assert (found.public, found.confirmed) == (1, 2)


class TestTime:
    def test_signing_closes_once_and_opens_again_with_its_signatures(self, session, slug):
        signed(session, slug, "a@example.org")
        sign(session, slug, "b@example.org")
        assert keeping.due_to_close(session, NOW) == []
        assert keeping.due_to_close(session, NOW + WEEK) == [slug]
        assert service.close_signing(session, slug=slug, actor=SYSTEM, now=NOW + WEEK)
        assert not service.close_signing(session, slug=slug, actor=SYSTEM, now=NOW + WEEK)
        assert row_of(session, slug).stage == "signed"
        later = NOW + 2 * WEEK
        service.gather_again(session, slug=slug, actor=SYSTEM, deadline=later, now=NOW + WEEK)
        assert counts(session, slug) == (2, 1)
        signed(session, slug, "c@example.org", now=NOW + WEEK)
        assert counts(session, slug) == (3, 2)

    def test_a_pledge_round_is_never_closed_as_signing_nor_the_other_way(self, session, slug):
        from union.campaigns.service import settling

        strike = make_campaign(session, title="A strike")
        assert settling.due(session, NOW + WEEK) == [strike]
        assert keeping.due_to_close(session, NOW + WEEK) == [slug]
        assert not service.close_signing(session, slug=strike, actor=SYSTEM, now=NOW + WEEK)
        assert service.settle(session, slug=slug, actor=SYSTEM, now=NOW + WEEK, public_url="x") is None

    def test_what_was_never_confirmed_is_deleted_after_its_week(self, session, slug):
        signed(session, slug, "a@example.org")
        sign(session, slug, "b@example.org")
        sign(session, slug, "paper@example.org", paper=True)
        later = NOW + WEEK + timedelta(hours=1)
        assert keeping.to_forget(session, NOW + timedelta(days=6)) == []
        assert keeping.to_forget(session, later) == [slug]
        service.forget(session, slug=slug, actor=SYSTEM, now=later)
        assert counts(session, slug) == (2, 1)
        service.forget(session, slug=slug, actor=SYSTEM, now=NOW + 3 * WEEK)
        assert counts(session, slug) == (1, 1)

    def test_a_month_after_the_end_addresses_and_private_names_are_gone(self, session, slug):
        signed(session, slug, "hides@example.org", name="Hides", news=True)
        token = signed(session, slug, "shows@example.org", name="Shows", public=True)
        service.win(session, slug=slug, actor=SYSTEM, text="Won.", now=NOW)
        later = NOW + timedelta(days=31)
        assert keeping.to_forget(session, NOW + timedelta(days=29)) == []
        assert keeping.to_forget(session, later) == [slug]
        service.forget(session, slug=slug, actor=SYSTEM, now=later)
        assert keeping.to_forget(session, later) == []
        [row] = session.query(Signature).all()
        assert (row.name, row.email, row.address_key) == ("Shows", None, None)
        assert session.query(Follower).count() == 0
        assert counts(session, slug) == (2, 2)
        assert queries.own_signature(session, token).email == ""


class TestFollowing:
    def test_news_only_after_yes_and_stops_by_its_link(self, session, slug):
        challenge = service.follow(session, slug=slug, visitor=visitor(), email="omar@example.org", now=NOW)
        assert session.query(Follower).one().confirmed is False
        done = service.confirm_by_link(session, token=yes_token(session, challenge), now=NOW)
        assert session.query(Follower).one().confirmed is True
        assert service.unfollow(session, token=done.own.rpartition("/")[2]) == slug
        assert session.query(Follower).count() == 0

    def test_ticking_the_box_while_signing_is_one_confirmation_for_both(self, session, slug):
        signed(session, slug, "omar@example.org", news=True)
        signed(session, slug, "noor@example.org")
        assert [row.email for row in session.query(Follower)] == ["omar@example.org"]

    def test_following_again_after_an_unsubscribe_hears_again(self, session, slug):
        from union.notify import service as notify
        from union.notify.rules.kinds import Channel, Lane, Mailing

        to = "omar@example.org"
        notify.opt_out(session, now=NOW, channel=Channel.EMAIL, to=to, lists=list(Mailing), reason="test")
        signed(session, slug, to, news=True)
        assert not notify.refusals(session, addresses=[to], channel=Channel.EMAIL, lane=Lane.NEWS)
        assert notify.refusals(session, addresses=[to], channel=Channel.EMAIL, lane=Lane.BALLOT)
