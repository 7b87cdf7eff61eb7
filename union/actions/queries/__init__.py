"""Actions as pages and other rooms read them: frozen values, never a row, never who checked in."""

from union.actions.queries.board import LiveBoard, Numbers, lesson, live
from union.actions.queries.cards import (
    ActionCard,
    Due,
    answers,
    by_wall_clock,
    due,
    listing,
    mine,
    next_moment,
    overtaken,
    titles,
    upcoming,
    where_planned,
)
from union.actions.queries.console import (
    ChapterRow,
    ConsolePage,
    Overview,
    ZoneRow,
    console,
    live_numbers,
    overview,
    plan_of,
)
from union.actions.queries.page import ActionPage, DebriefView, action_page, debrief_page, on_paper
from union.actions.queries.votes import VoteView

__all__ = [
    "ActionCard",
    "ActionPage",
    "ChapterRow",
    "ConsolePage",
    "DebriefView",
    "Due",
    "LiveBoard",
    "Numbers",
    "Overview",
    "VoteView",
    "ZoneRow",
    "action_page",
    "answers",
    "by_wall_clock",
    "console",
    "debrief_page",
    "due",
    "lesson",
    "listing",
    "live",
    "live_numbers",
    "mine",
    "next_moment",
    "on_paper",
    "overtaken",
    "overview",
    "plan_of",
    "titles",
    "upcoming",
    "where_planned",
]
