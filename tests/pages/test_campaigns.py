"""Every page of campaigns, linted, as visitor, member and organizer."""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta

import pytest

from tests.factories.campaigns import actor, make_campaign, make_demand, make_mandate, organizer, pledge_all
from tests.factories.members import make_member
from union.campaigns import queries, service
from union.core import db
from union.core.actor import SYSTEM, Role

NOW = datetime.now(UTC).replace(microsecond=0)
WEEK = NOW + timedelta(days=7)
TITLE = "No data without pay"


@pytest.fixture
def people(database):
    """(slug, organizer's id, member's id, demand's id) of a gathering campaign."""
    with db.transaction() as session:
        slug = make_campaign(session, now=NOW, stage="draft", pledge_deadline=WEEK)
        demand = make_demand(session, slug)
        service.publish(session, slug=slug, actor=SYSTEM, now=NOW)
        lead, rider = organizer(session), actor(session)
    return slug, lead.member_id, rider.member_id, demand


def text(response):
    return response.get_data(as_text=True)


class TestVisitors:
    def test_see_the_campaign_in_both_languages(self, client, people):
        slug = people[0]
        page = text(client.get(f"/campaigns/{slug}"))
        assert TITLE in page
        assert f'href="/join?for={slug}"' in page
        assert "Nobody sees who pledged" in page
        dutch = text(client.get(f"/campaigns/{slug}?lang=nl"))
        assert "Niemand ziet wie" in dutch
        assert "Nobody" not in dutch

    @pytest.mark.parametrize(
        "path",
        [
            "",
            "/demands",
            "/meter",
            "/meter.svg",
            "/feed.xml",
            "/poster",
            "/wording.json",
            "/deadline.ics",
            "/live.json",
        ],
    )
    def test_reach_every_public_page(self, client, people, path):
        assert client.get(f"/campaigns/{people[0]}{path}").status_code == 200
        assert client.get(f"/campaigns/nowhere{path}").status_code == 404

    def test_the_list_and_its_empty_state(self, client, database):
        assert "No campaign is running." in text(client.get("/campaigns"))
        with db.transaction() as session:
            make_campaign(session, now=NOW, pledge_deadline=WEEK)
        assert TITLE in text(client.get("/campaigns"))

    def test_a_draft_is_nowhere(self, client, database):
        with db.transaction() as session:
            slug = make_campaign(session, stage="draft")
        for path in (
            "",
            "/meter",
            "/meter.svg",
            "/feed.xml",
            "/poster",
            "/wording.json",
            "/deadline.ics",
            "/live.json",
        ):
            assert client.get(f"/campaigns/{slug}{path}").status_code == 404, path
        assert TITLE not in text(client.get("/campaigns"))

    def test_the_meter_may_be_framed_and_nothing_else(self, client, people):
        slug = people[0]
        framed = client.get(f"/campaigns/{slug}/meter")
        assert "frame-ancestors *" in framed.headers["Content-Security-Policy"]
        assert "X-Frame-Options" not in framed.headers
        assert "frame-ancestors 'none'" in client.get(f"/campaigns/{slug}").headers["Content-Security-Policy"]

    def test_the_picture_of_the_meter_needs_no_style_sheet(self, client, people):
        answer = client.get(f"/campaigns/{people[0]}/meter.svg")
        drawing = ET.fromstring(answer.data)
        assert answer.mimetype == "image/svg+xml"
        assert drawing.find("{http://www.w3.org/2000/svg}title").text
        assert b"class=" not in answer.data
        assert b'fill="#17130f"' in answer.data

    def test_the_feed_is_rss(self, client, people):
        with db.transaction() as session:
            service.add_update(
                session, slug=people[0], actor=SYSTEM, title="They <called> & paid", text="At last.", now=NOW
            )
        feed = ET.fromstring(client.get(f"/campaigns/{people[0]}/feed.xml").data)
        assert [item.findtext("title") for item in feed.iter("item")] == [
            "They <called> & paid",
            "The campaign is public",
        ]

    def test_the_calendar_file_names_no_campaign_in_its_summary(self, client, people):
        lines = client.get(f"/campaigns/{people[0]}/deadline.ics").data.split(b"\r\n")
        assert f"DTSTART:{WEEK:%Y%m%dT%H%M%SZ}".encode() in lines
        assert all(len(line) <= 75 for line in lines)
        assert b"SUMMARY:Last moment to pledge" in lines

    def test_live_numbers(self, client, people):
        with db.transaction() as session:
            pledge_all(session, people[0], [1, 1], now=NOW)
        told = client.get(f"/campaigns/{people[0]}/live.json").json
        assert (told["count"], told["pledged"], told["strokes"]) == ("2", "2", 0)
        assert told["distance"] == "1 to go to the threshold of 3"

    def test_a_message_leads_to_the_campaign(self, client, people):
        with db.reading() as session:
            found = queries.card(session, people[0])
        assert client.get(f"/campaigns/at/{found.id}").location == f"/campaigns/{people[0]}"
        assert client.get("/campaigns/at/nobody").status_code == 404

    @pytest.mark.parametrize(
        "path",
        [
            "/pledge",
            "/organize",
            "/edit",
            "/publish",
            "/vote",
            "/demands/new",
            "/ranking",
            "/numbers.csv",
            "/preview",
        ],
    )
    def test_are_sent_to_sign_in_elsewhere(self, client, people, path):
        answer = client.get(f"/campaigns/{people[0]}{path}")
        assert answer.status_code == 303
        assert "/sign-in" in answer.location


class TestPledging:
    @pytest.fixture(autouse=True)
    def _signed_in(self, client, people, sign_in):
        sign_in(client, people[2])

    def test_choose_check_keep_change_withdraw(self, client, people):
        slug = people[0]
        here = f"/campaigns/{slug}/pledge"
        assert "I act if enough of us do" in text(client.get(here))
        check = text(client.post(here, data={"how": "share", "share": "1/3", "step": "check"}))
        assert "You act if at least 200 of 600 people act, you included (A third)." in check
        assert "What we store" in check
        with db.reading() as session:
            assert queries.card(session, slug).pledged == 0
        kept = client.post(here, data={"how": "share", "share": "1/3", "step": "keep"})
        assert kept.location == f"/campaigns/{slug}"
        page = text(client.get(f"/campaigns/{slug}"))
        assert "You have pledged" in page
        assert "1/3" not in page
        assert 'value="1/3"' in text(client.get(here))
        client.post(here, data={"how": "number", "number": "12", "step": "keep"})
        assert 'value="12"' in text(client.get(here))
        client.post(f"{here}/withdraw")
        assert "I pledge" in text(client.get(f"/campaigns/{slug}"))

    @pytest.mark.parametrize(
        ("data", "says"),
        [
            ({}, "Choose one of the three."),
            ({"how": "number"}, "Give a whole number from 1"),
            ({"how": "number", "number": "many"}, "Not a valid integer value."),
            ({"how": "number", "number": "0"}, "Number must be between"),
            ({"how": "number", "number": "601"}, "Everybody together is 600 people"),
            ({"how": "share", "share": "7/3"}, "Not a valid choice"),
        ],
    )
    def test_says_what_to_change(self, client, people, data, says):
        answer = client.post(f"/campaigns/{people[0]}/pledge", data={"step": "keep", **data})
        assert answer.status_code == 422
        assert says in text(answer)
        with db.reading() as session:
            assert queries.card(session, people[0]).pledged == 0

    def test_after_settlement_it_says_whether_one_is_called(self, client, people):
        slug = people[0]
        client.post(f"/campaigns/{slug}/pledge", data={"how": "any", "step": "keep"})
        with db.transaction() as session:
            pledge_all(session, slug, [1, 1], now=NOW)
            service.settle(session, slug=slug, actor=SYSTEM, now=WEEK, public_url="http://localhost")
        assert "You are called" in text(client.get(f"/campaigns/{slug}"))
        assert client.get(f"/campaigns/{slug}/pledge").status_code == 409
        assert client.get(f"/campaigns/{slug}/deadline.ics").status_code == 404

    def test_an_applicant_may_pledge_and_is_told_when_it_counts(self, client, people, sign_in):
        with db.transaction() as session:
            applicant = make_member(session, state="applicant", platforms=("rijder",))
        sign_in(client, applicant)
        here = f"/campaigns/{people[0]}/pledge"
        assert "not active yet" in text(client.post(here, data={"how": "any", "step": "check"}))
        client.post(here, data={"how": "any", "step": "keep"})
        assert "It counts once you are an active member" in text(client.get(f"/campaigns/{people[0]}"))


class TestDemands:
    @pytest.fixture(autouse=True)
    def _signed_in(self, client, people, sign_in):
        sign_in(client, people[2])

    def test_propose_edit_endorse_amend_rank(self, client, people):
        slug = people[0]
        assert client.post(f"/campaigns/{slug}/demands/new", data={"title": "x"}).status_code == 422
        made = client.post(
            f"/campaigns/{slug}/demands/new",
            data={"title": "Pay for waiting", "text": "Every minute counts.", "keep": "draft"},
        )
        here = made.location
        assert "Your draft" in text(client.get(here))
        client.post(f"{here}/edit", data={"title": "Pay for waiting", "text": "Every minute we wait counts."})
        assert client.post(f"{here}/decide", data={}).status_code == 422
        client.post(f"{here}/decide", data={"decide-status": "proposed"})
        client.post(f"{here}/endorse")
        assert "1 member stands behind it" in text(client.get(here))
        client.post(
            f"{here}/amend",
            data={"title": "Pay for waiting", "text": "Every minute we drive counts.", "reason": "Miles"},
        )
        page = text(client.get(here))
        assert "<del>" in page
        assert "<ins>" in page
        amendment = page.split("/amendments/")[1].split('"')[0]
        client.post(f"/amendments/{amendment}", data={"accept": "yes"})
        assert "Version 3" in text(client.get(here))
        unchanged = client.post(
            f"{here}/amend", data={"title": "Pay for waiting", "text": "Every minute we drive counts."}
        )
        assert unchanged.status_code == 422
        client.post(f"{here}/amend", data={"title": "Pay for waiting", "text": "Every second counts."})
        mine = text(client.get(here)).split("/back")[0].rpartition("/amendments/")[2]
        assert client.post(f"/amendments/{mine}/back").location.startswith(here)
        assert "Taken back" in text(client.get(here))
        assert client.post(f"/amendments/{mine}", data={"accept": "yes"}).status_code == 409
        demand = here.rsplit("/", 1)[1]
        for move, who in [("add", people[3]), ("add", demand), ("up", demand)]:
            client.post(f"/campaigns/{slug}/ranking", data={"demand": who, "move": move})
        ranked = text(client.get(f"/campaigns/{slug}/ranking"))
        assert ranked.index(f"rank-{demand}") < ranked.index(f"rank-{people[3]}")
        client.post(f"/campaigns/{slug}/ranking", data={"demand": demand, "move": "drop"})
        assert "Not in your order" in text(client.get(f"/campaigns/{slug}/ranking"))
        assert client.get(f"/campaigns/{slug}/demands").status_code == 200

    def test_a_frozen_demand_shows_its_fingerprint_and_no_amend_button(self, client, people):
        page = text(client.get(f"/demands/{people[3]}"))
        assert "Frozen" in page
        assert "Propose another wording" not in page
        assert (
            client.post(
                f"/demands/{people[3]}/amend", data={"title": "Other words", "text": "Quite other words."}
            ).status_code
            == 409
        )
        assert client.get("/demands/nowhere").status_code == 404


class TestOrganizing:
    @pytest.fixture(autouse=True)
    def _signed_in(self, client, people, sign_in):
        sign_in(client, people[1])

    def draft(self, **facts):
        deadline = (NOW + timedelta(days=20)).strftime("%Y-%m-%dT%H:%M")
        return {
            "title": "Open the books",
            "demand": "Rijder shows what it earns with our trips.",
            "summary": "They know, we do not.",
            "pledge_text": "I send my request for my data on the same day.",
            "unit": "400",
            "deadline": deadline,
            "zone": "Europe/Amsterdam",
            **facts,
        }

    def test_from_platform_to_public(self, client, people):
        assert "rijder" in text(client.get("/campaigns/new")).lower()
        assert "No platform matches" in text(client.get("/campaigns/new?q=zzzz"))
        assert "active members use this platform now" in text(
            client.get("/campaigns/new?platform=rijder&kind=action")
        )
        made = client.post("/campaigns/new?platform=rijder&kind=action", data=self.draft())
        assert made.location == "/campaigns/open-the-books/organize"
        with db.reading() as session:
            card = queries.card(session, "open-the-books")
        assert (card.unit, card.goal, card.threshold) == (400, 400, 300)
        assert "Write the campaign" in text(client.get(made.location))
        assert "This is a preview" in text(client.get("/campaigns/open-the-books/preview"))
        client.post("/campaigns/open-the-books/edit", data=self.draft(threshold="120", goal="200"))
        assert 'value="120"' in text(client.get("/campaigns/open-the-books/edit"))
        assert "Publish and freeze" in text(client.get("/campaigns/open-the-books/publish"))
        client.post("/campaigns/open-the-books/publish")
        assert client.get("/campaigns/open-the-books/publish").status_code == 409
        client.post(
            "/campaigns/open-the-books/updates",
            data={"update-title": "Day one", "update-text": "We are off."},
        )
        assert "Day one" in text(client.get("/campaigns/open-the-books"))

    @pytest.mark.parametrize(
        ("facts", "says"),
        [
            ({"title": ""}, "Fill this in."),
            ({"deadline": "2027-03-28T02:30"}, "does not exist in Europe/Amsterdam"),
            ({"deadline": "2027-10-31T02:30"}, "happens twice in Europe/Amsterdam"),
            ({"deadline": "2020-01-01T12:00"}, "must lie ahead"),
            ({"deadline": "soon"}, "Not a valid datetime value."),
            ({"threshold": "500"}, "between 1 and the goal"),
            ({"goal": "500"}, "cannot be more than everybody"),
        ],
    )
    def test_says_what_to_change_and_keeps_what_was_typed(self, client, people, facts, says):
        answer = client.post("/campaigns/new?platform=rijder&kind=action", data=self.draft(**facts))
        assert answer.status_code == 422
        assert says in text(answer)
        assert "I send my request" in text(answer)

    def test_structure_tests_news_table_and_end(self, client, people):
        slug = people[0]
        here = f"/campaigns/{slug}"
        closes = (NOW + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
        assert client.post(f"{here}/tests", data={"test-ask": "x"}).status_code == 422
        client.post(
            f"{here}/tests",
            data={"test-ask": "Would you log off on Friday?", "test-majority": "2/3", "test-closes": closes},
        )
        page = text(client.get(here))
        test = page.split("/tests/")[1].split('"')[0]
        client.post(f"{here}/tests/{test}", data={"would": "yes"})
        assert "Take it back" in text(client.get(here))
        assert "Fewer than ten" in text(client.get(f"{here}/organize"))
        assert client.post(f"{here}/updates", data={}).status_code == 422
        assert client.post(f"{here}/bargain").status_code == 409
        assert client.post(f"{here}/end", data={}).status_code == 422
        client.post(f"{here}/end", data={"end-how": "won", "end-text": "They pay."})
        assert "We won" in text(client.get(here))
        assert "They pay." in text(client.get(f"{here}/organize"))

    def test_the_file_of_numbers_holds_no_name_and_no_formula(self, client, people):
        with db.transaction() as session:
            make_demand(session, people[0], title="=1+1")
            pledge_all(session, people[0], [577], now=NOW, name="Wilhelmina")
        answer = client.get(f"/campaigns/{people[0]}/numbers.csv")
        content = answer.data.decode("utf-8-sig")
        assert "pledges,pledged,1,600" in content
        assert "'=1+1" in content
        assert "577" not in content
        assert "Wilhelmina" not in content

    def test_launching_the_vote(self, client, people):
        slug = people[0]
        assert client.get(f"/campaigns/{slug}/vote").status_code == 409
        with db.transaction() as session:
            holder = make_member(session, roles=[Role.TRUSTEE], name="Tea")
            pledge_all(session, slug, [1, 1, 1], now=NOW)
            service.settle(session, slug=slug, actor=SYSTEM, now=WEEK, public_url="http://localhost")
        page = text(client.get(f"/campaigns/{slug}/vote"))
        assert "Source:" in page
        assert "data strike by consumers" in page
        data = {
            "title": "Strike vote",
            "question": "Do you give the union a mandate?",
            "preset": "simple-majority",
            "group": "Ed25519",
            "opens": (NOW + timedelta(days=8)).strftime("%Y-%m-%dT%H:%M"),
            "closes": (NOW + timedelta(days=15)).strftime("%Y-%m-%dT%H:%M"),
            "zone": "Europe/Amsterdam",
        }
        assert "Choose at least one trustee" in text(client.post(f"/campaigns/{slug}/vote", data=data))
        launched = client.post(f"/campaigns/{slug}/vote", data={**data, "trustees": [holder]})
        assert launched.status_code == 303
        assert launched.location.startswith("/ballots/")
        assert "Strike vote" in text(client.get(f"/campaigns/{slug}"))

    def test_a_mandate_stands_on_the_public_page(self, client, people):
        with db.transaction() as session:
            make_mandate(
                session, people[0], now=NOW, rule={"name": "Simple majority", "source_title": "Rule book"}
            )
        page = text(client.get(f"/campaigns/{people[0]}"))
        for word in ("In force", "40 of 50 members voted", "Simple majority", "Rule book"):
            assert word in page
        assert "Mandate" in text(client.get(f"/campaigns/{people[0]}/organize"))

    def test_a_round_that_fell_short_can_be_opened_again(self, client, people):
        slug = people[0]
        with db.transaction() as session:
            service.settle(session, slug=slug, actor=SYSTEM, now=WEEK, public_url="http://localhost")
        assert "Fell short" in text(client.get(f"/campaigns/{slug}"))
        again = (NOW + timedelta(days=20)).strftime("%Y-%m-%dT%H:%M")
        assert (
            client.post(f"/campaigns/{slug}/round", data={"round-deadline": "2020-01-01T10:00"}).status_code
            == 422
        )
        client.post(f"/campaigns/{slug}/round", data={"round-deadline": again})
        assert "Gathering pledges" in text(client.get(f"/campaigns/{slug}"))


def test_members_do_not_organize(client, people, sign_in):
    sign_in(client, people[2])
    for path in ("/organize", "/edit", "/publish", "/vote", "/numbers.csv", "/preview"):
        assert client.get(f"/campaigns/{people[0]}{path}").status_code == 403
    assert client.get("/campaigns/new").status_code == 403


def test_panels_of_higher_rooms_stand_on_the_page(client, people):
    from markupsafe import Markup

    from union.campaigns.views import PANELS

    PANELS.append(lambda *_facts: Markup("<p>checked in: 12</p>"))
    try:
        assert "checked in: 12" in text(client.get(f"/campaigns/{people[0]}"))
    finally:
        PANELS.pop()
