"""Every part of the web kit renders: fields, summaries, lists, drawings, in both languages."""

import re

import pytest
from flask import render_template_string
from wtforms import BooleanField, RadioField
from wtforms.validators import InputRequired

from tests.pages.client import LintingClient
from tests.pages.styleguide import create
from union.web.forms import Form


@pytest.fixture
def guide(tmp_path, now):
    app = create(tmp_path, now)
    app.test_client_class = LintingClient
    return app.test_client()


@pytest.fixture
def html(guide):
    response = guide.get("/styleguide")
    assert response.status_code == 200
    return response.text


def test_the_page_passes_the_lint_in_both_languages(guide):
    assert "Something needs your attention" in guide.get("/styleguide").text
    assert "Naar de inhoud" in guide.get("/styleguide?lang=nl").text


def test_an_error_is_told_above_the_form_and_at_its_field(html):
    assert re.search(
        r'role="alert" tabindex="-1" autofocus>\s*<h2>.*?</h2>\s*<ul>\s*<li><a href="#email">Enter your email',
        html,
    )
    email = re.search(r"<input[^>]*id=\"email\"[^>]*>", html)[0]
    assert 'aria-invalid="true"' in email
    assert 'aria-describedby="email-hint email-error"' in email
    assert re.search(r'id="email-error"><span class="hidden">Error: </span>Enter your email address', html)


def test_an_error_of_choices_links_to_the_first_choice(html):
    assert '<a href="#answer-0">Choose one answer or vote blank</a>' in html
    assert re.search(r'<fieldset aria-describedby="answer-error">\s*<legend>Do we accept', html)


def test_an_error_of_choices_that_are_none_links_to_their_place(guide):
    class Empty(Form):
        person = RadioField("Who?", [InputRequired("Choose somebody")], choices=[])

    with guide.application.test_request_context("/", method="POST"):
        form = Empty()
        assert not form.validate()
        html = render_template_string(
            "{% import 'web/macros.html' as ui %}{{ ui.error_summary(form) }}{{ ui.field(form.person) }}",
            form=form,
        )
    assert '<a href="#person">Choose somebody</a>' in html
    assert '<fieldset id="person" tabindex="-1"' in html


def test_what_was_chosen_stays_chosen(html):
    (chosen,) = re.findall(r"<input[^>]*checked[^>]*>", html)
    assert 'value="no"' in chosen


def test_optional_fields_say_so(html):
    assert len(re.findall(r"\(optional\)", html)) == 2


def test_the_moment_is_written_in_both_zones(html):
    assert "Thu 26 Nov 2026 17:30, Amsterdam time" in html
    assert "Thu 26 Nov 2026 11:30, New York time" in html
    assert re.search(r'role="timer"[^>]* data-countdown="2026-11-26T16:30:00\+00:00" hidden', html)


def test_a_dangerous_post_asks_first_without_script(html):
    asked = re.search(r'<details class="confirm" data-cancel="No, go back">.*?</details>', html, re.DOTALL)[0]
    assert "This cannot be undone." in asked
    assert re.search(
        r'<form class="one-button" method="post" action="/cancel">\s*<input type="hidden" name="csrf_token"',
        asked,
    )


def test_the_card_to_act_on_comes_before_the_rest(html):
    assert html.index("data-countdown=") < html.index("What we demand")


def test_the_page_stays_within_its_budget(html):
    import gzip

    assert len(gzip.compress(html.encode(), 9)) <= 15_000


def test_a_missing_page_wears_the_frame(guide):
    response = guide.get("/nowhere")
    assert response.status_code == 404
    assert "Error 404" in response.text


def test_a_check_box_has_its_hint_behind_its_words(guide):
    """Read aloud, the hint is named by the box; looked at, it stands below it."""

    class Agree(Form):
        agree = BooleanField("I agree", description="It can be undone.")

    with guide.application.test_request_context():
        html = render_template_string(
            '{% import "web/macros.html" as ui %}{{ ui.field(form.agree) }}', form=Agree()
        )
    assert html.index("I agree") < html.index("It can be undone.")
    assert 'aria-describedby="agree-hint"' in html
    assert 'id="agree-hint"' in html
