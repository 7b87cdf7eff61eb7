"""Counted questions: drawn, told step by step, and given as tables for other programs."""

import csv
import io
import json
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from flask import Response
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from union.ballots import queries
from union.ballots.crypto.counting import Judgement, Schulze, TransferableVote
from union.ballots.orders import Counted, Said
from union.ballots.papers import Part
from union.ballots.queries import BallotPage
from union.ballots.queries.results import Result
from union.ballots.rules import Of
from union.ballots.views.kit import blueprint
from union.core.clock import utcnow
from union.core.db import reading
from union.core.errors import NotFound
from union.core.i18n import msg
from union.web import count_figures, figures
from union.web.count_figures import Lap, Profile
from union.web.guards import current_actor, public
from union.web.i18n import gettext, ngettext, number


@blueprint.app_template_filter("votes")
def votes(value: Fraction | int) -> str:
    """Show a number of votes, a part of one with two digits."""
    return number(int(value) if value == int(value) else round(float(value), 2))


def said(step: Said) -> str:
    """Return one step of a count in the reader's language."""
    facts = {name: fact if isinstance(fact, str) else votes(fact) for name, fact in step.facts.items()}
    return gettext(step.text, **facts)


def told(result: Result) -> list[str]:
    """Return how a question was counted, step by step; nothing where the numbers say it all."""
    return [said(step) for step in result.counted.steps] if result.counted else []


def drawn(page: BallotPage, result: Result) -> Markup:
    """Draw a counted question: bar and threshold, a bar for each answer, or how orders were counted."""
    if result.counted is not None:
        return _counted(result.counted)
    if result.asked.part is Part.CHOICE:
        rows = [
            figures.Bar(answer, count, number(count))
            for answer, count in zip(result.asked.answers, result.counts, strict=True)
        ]
        return figures.bars(rows, title=result.asked.question, whole=page.cast_weight or page.voters or 1)
    of = Of(page.rule["denominator"])
    kinds = ("for", "against", "blank")
    shares = [
        figures.Share(answer, count, ngettext("%(n)s vote", "%(n)s votes", count), kind)
        for answer, count, kind in zip(result.asked.answers, result.counts, kinds, strict=True)
    ]
    if of is Of.VALID:
        shares = shares[:2]
    share = page.rule["threshold"]
    return figures.stacked_result(
        shares,
        title=result.asked.question,
        threshold=Fraction(share["num"], share["den"]),
        threshold_text=gettext(msg("%(needed)s needed"), needed=number(result.needed or 0)),
        of=page.counted_of if of is Of.ELIGIBLE else None,
    )


def _counted(counted: Counted) -> Markup:
    if not counted.places:
        return figures.bars([], title=counted.asked.question)
    if isinstance(counted.outcome, Schulze):
        return _duels(counted, counted.outcome)
    if isinstance(counted.outcome, TransferableVote):
        return _race(counted, counted.outcome)
    return _profiles(counted, counted.outcome)


def _duels(counted: Counted, outcome: Schulze) -> Markup:
    answers = counted.asked.answers
    order = [choice for group in counted.places for choice in group]
    wins = [[outcome.wins[a][b] for b in order] for a in order]
    matrix = count_figures.duels(
        [answers[a] for a in order],
        wins,
        title=gettext(msg("Every two answers compared")),
        desc=gettext(msg("The number says how many put the row above the column; a bar marks who won.")),
    )
    rows = []
    for above, below in pairwise(order):
        won, lost = outcome.strengths[above][below]
        if won:
            chain = " > ".join(answers[c] for c in outcome.paths[above][below])
            rows.append(figures.Bar(chain, won, f"{number(won)} : {number(lost)}"))
    title = gettext(msg("The chains that set the order, by their weakest step"))
    return matrix + figures.bars(rows, title=title, whole=outcome.valid) if rows else matrix


def _race(counted: Counted, outcome: TransferableVote) -> Markup:
    answers = counted.asked.answers
    told_rounds = [said(step) for step in counted.steps[-len(outcome.rounds) :]]
    laps = []
    for place, one in enumerate(outcome.rounds):
        if one.event.startswith("tie"):
            continue
        rows = sorted(one.counts.items(), key=lambda pair: (-pair[1], pair[0]))
        bars = tuple(figures.Bar(answers[choice], float(n), votes(n)) for choice, n in rows)
        note = told_rounds[place].partition(": ")[2] or told_rounds[place]
        laps.append(Lap(gettext(msg("Round %(n)s"), n=place + 1), bars, note))
    return count_figures.race(
        laps,
        title=gettext(msg("Votes in each round")),
        quota=outcome.quota,
        quota_text=gettext(msg("%(needed)s needed"), needed=number(outcome.quota)),
        whole=max(outcome.valid, 1),
    )


def _profiles(counted: Counted, outcome: Judgement) -> Markup:
    asked = counted.asked
    order = [choice for group in counted.places for choice in group]
    profiles = [
        Profile(
            asked.answers[choice],
            tuple(outcome.counts[choice]),
            gettext(msg("Majority grade: %(grade)s"), grade=asked.grades[outcome.medians[choice][0] - 1]),
        )
        for choice in order
    ]
    return count_figures.merit_profiles(
        profiles,
        asked.grades,
        title=gettext(msg("Grades of each answer")),
        half_text=gettext(msg("half of the voters")),
    )


# For other programs


def _result(slug: str, place: int) -> Result:
    with reading() as session:
        page = queries.ballot_page(session, slug, current_actor(), utcnow())
    if not 1 <= place <= len(page.results):
        raise NotFound(msg("This question is not counted."))
    return page.results[place - 1]


@blueprint.get("/ballots/<slug>/counts/<int:place>.csv")
@public
def counts_csv(slug: str, place: int) -> ResponseReturnValue:
    """Give the counts of a question as a table; of orders each with how many gave it."""
    result = _result(slug, place)
    out = io.StringIO()
    rows = csv.writer(out)
    if result.counted is None:
        rows.writerow(["answer", "votes"])
        rows.writerows([_safe(a), n] for a, n in zip(result.asked.answers, result.counts, strict=True))
        if result.blank is not None:
            rows.writerow(["(blank)", result.blank])
    else:
        rows.writerow([*map(_safe, result.asked.answers), "votes"])
        rows.writerows([*answer, n] for answer, n in result.given)
    response = Response(out.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{slug}-{place}.csv"'
    return response


def _safe(text: str) -> str:
    """Keep a spreadsheet from taking an answer for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


@blueprint.get("/ballots/<slug>/counts/<int:place>.json")
@public
def counts_json(slug: str, place: int) -> ResponseReturnValue:
    """Give the counts of a question with every step: numbers exact, parts of votes as fractions."""
    result = _result(slug, place)
    asked = result.asked
    facts: dict[str, Any] = {"question": asked.question, "answers": asked.answers, "part": asked.part}
    if result.counted is None:
        facts |= {"counts": result.counts, "blank": result.blank}
    else:
        facts |= _exact(result.counted)
        facts["given"] = [{"answer": answer, "times": n} for answer, n in result.given]
    if result.chosen:
        facts |= {"chosen": result.chosen.chosen, "tied": result.chosen.tied}
    return Response(json.dumps(facts, ensure_ascii=False, default=str), mimetype="application/json")


def _exact(counted: Counted) -> dict[str, Any]:
    outcome = counted.outcome
    facts: dict[str, Any] = {
        "method": counted.asked.method,
        "valid": counted.valid,
        "blank": counted.blank,
        "invalid": counted.invalid,
        "places": counted.places,
        "steps": [step.text % step.facts for step in counted.steps],
    }
    if isinstance(outcome, Schulze):
        return facts | {"wins": outcome.wins, "strengths": outcome.strengths, "paths": outcome.paths}
    if isinstance(outcome, TransferableVote):
        return facts | {"quota": outcome.quota, "seats": outcome.seats, "rounds": _rounds(outcome)}
    return facts | {
        "grades": counted.asked.grades,
        "counts": outcome.counts,
        "majority_grades": outcome.medians,
    }


def _rounds(outcome: TransferableVote) -> Sequence[dict[str, Any]]:
    return [
        {
            "event": one.event,
            "choices": one.choices,
            "votes": {str(choice): str(n) for choice, n in one.counts.items()},
            "exhausted": str(one.exhausted),
        }
        for one in outcome.rounds
    ]
