"""Who has it when, way by way, from how many texts and mails go over which route."""

from datetime import UTC, datetime, timedelta

from union.actions.rules.pacing import reach
from union.notify.rules.kinds import Channel

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def told(**facts):
    return reach(
        **{
            "texts": 0, "mails": 0, "silent": 0, "segments": 0, "route": "alphanumeric", "begins_at": NOON,
            "starts_at": NOON + timedelta(hours=1), "to_act": timedelta(minutes=10), **facts,
        }
    )  # fmt: skip


def test_each_way_has_its_own_last_moment():
    found = told(texts=900, segments=1800, mails=100, silent=7)
    text, mail = found.ways
    assert (text.channel, text.messages, text.segments, text.over) == (Channel.SMS, 900, 1800, 0)
    assert (mail.channel, mail.messages) == (Channel.EMAIL, 100)
    # 1,800 segments at nine a second, then the slowest handset
    assert timedelta(seconds=230) <= text.last_at - NOON <= timedelta(seconds=232)
    assert mail.last_at < text.last_at == found.last_at
    assert (found.silent, found.fits) == (7, True)


def test_what_the_sender_cannot_carry_is_said_of_its_way():
    found = told(texts=400_000, segments=400_000, mails=5)
    text, mail = found.ways
    assert text.over == 400_000 - 9 * 36_000
    assert mail.over == 0
    assert not found.fits


def test_a_way_that_nobody_uses_is_left_out():
    assert [way.channel for way in told(mails=5).ways] == [Channel.EMAIL]
    assert told(silent=5).ways == ()
