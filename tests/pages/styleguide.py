"""The living styleguide: every part of the web kit on one page, for tests and for looking at.

`python -m tests.pages.styleguide PORT` serves it at /styleguide.
"""

import sys
import tempfile
from datetime import timedelta
from fractions import Fraction

from flask import Flask, jsonify, render_template
from wtforms import (
    BooleanField,
    DateField,
    EmailField,
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.validators import InputRequired, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from union.core.clock import utcnow
from union.core.settings import Settings
from union.web import figures, guards, kit, picket
from union.web.forms import Form


class Sample(Form):
    email = EmailField(
        "Email address", [InputRequired("Enter your email address")], render_kw={"autocomplete": "email"}
    )
    answer = RadioField(
        "Do we accept Veldstra's final offer?",
        [InputRequired("Choose one answer or vote blank")],
        choices=[
            SelectChoice("yes", "Yes, accept"),
            SelectChoice("no", "No, reject"),
            SelectChoice("blank", "Blank"),
        ],
    )
    platforms = SelectMultipleField(
        "Which platforms do you work on?",
        choices=[SelectChoice("uber", "Uber"), SelectChoice("bolt", "Bolt")],
        widget=ListWidget(),
        option_widget=CheckboxInput(),
    )
    name = StringField("Name", [Optional()], description="As other members may see it.")
    code = StringField("Code", render_kw={"inputmode": "numeric", "autocomplete": "one-time-code"})
    chapter = SelectField("Chapter", choices=["Amsterdam", "Rotterdam"])
    story = TextAreaField("Why do you join?", [Optional()])
    day = DateField("Day")
    hour = TimeField("Time")
    sms = BooleanField("Send me an SMS when it starts")


def drawings(now):
    """Return (title, drawing) of every figure."""
    day = timedelta(days=1)
    return [
        ("No one yet", picket.meter(0, 4000, 3000, title="0 of 4,000")),
        ("A small goal", picket.meter(7, 12, 10, title="7 of 12")),
        ("One more than wanted", picket.meter(4001, 4000, title="4,001 of 4,000")),
        (
            "Bars",
            figures.bars(
                [
                    figures.Bar("Amsterdam", 1203, "1,203"),
                    figures.Bar("A chapter with a name so long that it takes two lines", 870, "870"),
                    figures.Bar("Groningen", 0, "0"),
                ],
                title="Members who take part, by chapter",
            ),
        ),
        (
            "Outcome",
            figures.stacked_result(
                [
                    figures.Share("Yes, strike", 2904, "2,904 votes, 72.6%", "for"),
                    figures.Share("No", 700, "700 votes, 17.5%", "against"),
                    figures.Share("Blank", 396, "396 votes, 9.9%", "blank"),
                ],
                title="Outcome of the strike vote",
                threshold=Fraction(2, 3),
                threshold_text="Two thirds",
            ),
        ),
        (
            "Pledges over time",
            figures.steps_over_time(
                [(now - 5 * day, 0), (now - 4 * day, 600), (now - 2 * day, 2400), (now, 3412)],
                title="Pledges over five days",
                first="Wed 18 Nov",
                last="Mon 23 Nov",
                top="3,412",
            ),
        ),
        ("Sparkline", figures.sparkline([0, 3, 4, 9, 9, 14], title="Check-ins, last hour")),
        (
            "Course",
            figures.timeline_strip(
                [
                    figures.Mark(now - 9 * day, "Pledges open", "Sat 14 Nov"),
                    figures.Mark(now - 2 * day, "Strike vote", "Sat 21 Nov"),
                    figures.Mark(now + 3 * day, "The action starts", "Thu 26 Nov 12:00"),
                ],
                now=now,
                title="The course of the campaign",
            ),
        ),
    ]


def create(home, now):
    """Return an app with the real web kit and the one page."""
    settings = Settings.from_environment(
        {
            "UNION_ENV": "development",
            "UNION_HOME": str(home),
            "UNION_PUBLIC_URL": "http://localhost",
            "UNION_NAME": "Datavakbond",
        }
    )
    app = Flask("union.web")
    kit.install(
        app,
        settings,
        lambda _actor: [("Campaigns", "/styleguide"), ("Votes", "/ballots"), ("Organize", "/organize")],
    )

    @app.get("/styleguide")
    @guards.public
    def styleguide():
        form = Sample(formdata=None, answer="no")
        form.email.errors = ["Enter your email address"]
        form.answer.errors = ["Choose one answer or vote blank"]
        return render_template(
            "web/styleguide.html",
            form=form,
            soon=now + timedelta(days=3, hours=4, minutes=30),
            meter=picket.meter(
                3412,
                5000,
                4000,
                title="3,412 of 5,000 members take part",
                desc="The threshold is 4,000.",
                live="strokes",
            ),
            demands=[
                (
                    "In negotiation",
                    "waiting",
                    "A price for 1,000 data points",
                    "A fixed price, paid each quarter from the dividend pot.",
                ),
                ("Conceded", "agreed", "Sight of every use", "A public register of training purposes."),
                ("Refused", "refused", "The right to stop", "Withdrawing consent within 30 days."),
            ],
            qr=figures.qr("https://union.example/b/K7QF9M2DTR4XH8WP", title="Tracker K7QF 9M2D TR4X H8WP"),
            checks=[
                {"label": "Your vote is on the board", "ok": True, "detail": "14:03, line 1,204"},
                {"label": "Threshold of 4,000 members", "ok": False, "detail": "588 too few"},
                {"label": "Tally by three of five trustees", "ok": None},
            ],
            chapters=[
                {
                    "label": label,
                    "whole": whole,
                    "value": value,
                    "drawing": figures.progress(value, whole, title=f"{value} of {whole}"),
                }
                for label, whole, value in (
                    ("Amsterdam", 1640, 1203),
                    ("Rotterdam", 1122, 870),
                    ("Utrecht", 904, 655),
                )
            ],
            answers=[
                {"label": "Email address", "value": "sanne@example.org", "change_url": "#email"},
                {"label": "Chapter", "value": "Amsterdam", "change_url": "#chapter"},
                {"label": "Member since", "value": "today"},
            ],
            tasks=[
                {
                    "label": "Vote on the final offer",
                    "url": "#answer-0",
                    "status": "Needs you",
                    "kind": "live",
                    "detail": "Closes on Friday 18:00",
                },
                {"label": "Action on Monday", "status": "You are in", "kind": "agreed"},
            ],
            rounds=[
                {
                    "at": now - timedelta(days=9),
                    "title": "Veldstra makes an offer",
                    "text": "A licence for ever, without a price.",
                },
                {"at": "June", "title": "We refuse", "status": "91% against", "kind": "refused"},
            ],
            drawings=drawings(now),
        )

    @app.get("/live")
    @guards.public
    def live():
        return jsonify(count="3,500", pledged="3,500", strokes=picket.strokes(3500, 5000, 4000))

    return app


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        create(folder, utcnow()).run(port=int(sys.argv[1]))
