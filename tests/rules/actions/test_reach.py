"""Who has it when, by which way, and who not at all, from the messages that would be written."""

from datetime import UTC, datetime, timedelta

from union.actions.rules.reach import reach
from union.notify.rules.kinds import Channel
from union.notify.rules.pace import Foreseen, Line, microseconds

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ZONE = "Europe/Amsterdam"


def texts(n, *, segments=1, per_second=9.0, ends=None, zone=ZONE, begins=NOON):
    """Return texts one after the other, as the outbox lines them up; those after `ends` are not sent."""
    line, found = Line(per_second), []
    for one in range(n):
        at = line.next(begins)
        late = ends is not None and at >= ends
        if not late:
            line.take(at, segments)
        cause = "late" if late else None
        found.append(Foreseen(f"m{one}", Channel.SMS, zone, segments, microseconds(at), cause))
    return found


def beside(channel, *numbers, cause=None, zone=ZONE):
    return [Foreseen(f"m{one}", channel, zone, 1, microseconds(NOON), cause) for one in numbers]


def told(foreseen, members, **facts):
    return reach(
        foreseen, [f"m{one}" for one in range(members)],
        **{"route": "alphanumeric", "begins_at": NOON, "starts_at": NOON + timedelta(hours=1),
           "to_act": timedelta(minutes=10), **facts},
    )  # fmt: skip


def test_each_way_has_its_own_last_moment():
    found = told(texts(900, segments=2) + beside(Channel.EMAIL, *range(900, 1000)), 1007)
    text, mail = found.ways
    assert (text.channel, text.messages, text.segments, text.over) == (Channel.SMS, 900, 1800, 0)
    assert (mail.channel, mail.messages) == (Channel.EMAIL, 100)
    # 1,800 segments at nine a second, then the slowest handset
    assert timedelta(seconds=230) <= text.last_at - NOON <= timedelta(seconds=232)
    assert mail.last_at < text.last_at == found.last_at == found.known_at
    assert (found.silent, dict(found.why), found.fits) == (7, {"no_address": 7}, True)


def test_whom_push_reaches_is_not_silent():
    found = told(beside(Channel.PUSH, 0, 1, 2), 4)
    assert [(way.channel, way.messages) for way in found.ways] == [(Channel.PUSH, 3)]
    assert found.silent == 1


def test_who_has_it_by_email_in_time_may_have_the_text_later():
    """900 texts take 100 seconds; who waits longest for one has the email at once."""
    late = texts(900)
    known = told(
        late + beside(Channel.EMAIL, *range(300, 900)), 900, to_act=timedelta(minutes=58, seconds=40)
    )
    assert known.fits
    assert known.last_at > known.latest >= known.known_at
    alone = told(late, 900, to_act=timedelta(minutes=58, seconds=40))
    assert (alone.fits, alone.late > 0, alone.late_seconds > 0) == (False, True, True)


def test_texts_that_do_not_fit_are_counted_and_whether_anything_else_reaches_them():
    foreseen = texts(900, per_second=10, ends=NOON + timedelta(seconds=45))
    mails = beside(Channel.EMAIL, *range(450, 900))
    found = told(foreseen + mails, 900)
    assert (found.over, found.untold, found.silent, found.fits) == (450, 0, 0, True)
    found = told(foreseen + mails[1:], 900)
    assert (found.over, found.untold, found.silent, found.fits) == (450, 1, 1, False)


def test_why_nothing_reaches_somebody_is_what_could_be_changed_first():
    kept = beside(Channel.SMS, 0, 1, cause="trial") + beside(Channel.SMS, 2, cause="opted_out")
    kept += beside(Channel.EMAIL, 1, 3, cause="bad_address") + beside(Channel.SMS, 4, cause="trial")
    found = told(kept + beside(Channel.EMAIL, 4), 6)
    assert dict(found.why) == {"trial": 2, "opted_out": 1, "bad_address": 1, "no_address": 1}
    assert found.silent == 5


def test_it_counts_how_many_have_it_by_each_moment():
    found = told(texts(90), 90)
    assert found.moments[0] == NOON
    assert {found.last_at, found.latest, found.starts_at} <= set(found.moments)
    [way] = found.ways
    assert (way.reached[0], way.reached[-1]) == (0, 90)
    assert list(way.reached) == sorted(way.reached)
    half = found.moments.index(next(at for at in found.moments if at >= NOON + timedelta(seconds=36.2)))
    assert 40 <= way.reached[half] <= 60, (
        "a text each ninth of a second, half a minute and a bit after it left"
    )


def test_a_zone_with_its_own_start_has_until_then():
    foreseen = texts(1, zone="America/New_York", begins=NOON + timedelta(minutes=55))
    own = {"America/New_York": NOON + timedelta(hours=7)}
    assert told(foreseen, 1).late == 1
    assert told(foreseen, 1, starts=own).late == 0


def test_what_buzzes_at_night_is_counted_where_its_member_lives():
    tokyo = "Asia/Tokyo"  # nine in the evening there at noon UTC
    foreseen = (
        texts(3, zone=tokyo) + beside(Channel.PUSH, 1, zone=tokyo) + beside(Channel.EMAIL, 2, zone=tokyo)
    )
    assert told(foreseen, 3).night == 4
    assert told(texts(3), 3).night == 0


def test_nobody_to_tell():
    found = told([], 2)
    assert (found.ways, found.silent, found.fits, found.last_at) == ((), 2, True, NOON)
