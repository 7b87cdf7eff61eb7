"""The whole main job on fresh state, over real HTTP, with real messages, in under two minutes.

Members do everything as a browser would. Organizers plan through the rooms' verbs where a form knows only
minutes and the story needs seconds; they sign, and everybody votes, pledges and checks in, over HTTP.
"""

from datetime import timedelta
from functools import partial
from pathlib import Path

from union.core.clock import stopwatch
from union.demo.people import FIRST, LAST
from union.demo.story import acting, joining, voting
from union.demo.story.stage import Somebody, Story, stage
from union.demo.visitor import Visitor


def play(*, members: int, out: Path) -> None:
    """Tell the story from an empty folder and leave what came of it in `out`."""
    with stage(out) as (settings, post):
        tell(Story(settings, post, out, members))


def tell(story: Story) -> None:
    """Go from joining to the debrief."""
    joining.found_the_union(story)
    joining.publish(story)
    for n in range(story.count):
        name = f"{FIRST[n % len(FIRST)]} {LAST[n % len(LAST)]} {n}"
        address = f"member{n}@leden.example" if n % 2 else f"+316121{n:05d}"
        story.people.append(Somebody(n, name, address, Visitor(story.base, n)))
    story.all_do("joining    ", partial(joining.join, story), story.people)
    story.all_do("confirming ", partial(joining.confirm, story), story.people)
    story.say(f"{story.count} joined and confirmed by code, half by text, half by email")
    joining.admit(story)
    before = stopwatch()
    story.all_do("pledging   ", partial(joining.pledge, story), story.people)
    # how long the vote must stay open, and how far ahead the action must lie, is this machine's pace
    story.pace = timedelta(seconds=(stopwatch() - before) / story.count)
    joining.settle(story)
    keys = voting.launch(story)
    voting.vote_all(story)
    voting.count_votes(story, keys)
    acting.plan(story)
    acting.act(story)
    acting.debrief(story)
    story.keep()
