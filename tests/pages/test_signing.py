"""The public face: signing without an account, pictures, feeds, paper, hand-over; and nobody named unasked."""

import re
from datetime import UTC, datetime, timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
from PIL import Image

from tests.factories.campaigns import actor, make_campaign, make_petition, organizer, sign, signed
from tests.pages import feeds
from union.campaigns import queries, service
from union.campaigns.models import Signature
from union.campaigns.service import asking
from union.core import db
from union.core.actor import SYSTEM
from union.notify.models import Outbox

NOW = datetime.now(UTC).replace(microsecond=0)
WEEK = NOW + timedelta(days=7)


def text(response):
    return response.get_data(as_text=True)


@pytest.fixture
def slug(database):
    with db.transaction() as session:
        return make_petition(session, now=NOW, pledge_deadline=WEEK)


@pytest.fixture
def lead(database):
    with db.transaction() as session:
        return organizer(session).member_id


def sent():
    """The fields of the newest email."""
    with db.reading() as session:
        row = session.query(Outbox).order_by(Outbox.id.desc()).first()
        return row.sealed


def counted(client, slug):
    """What the meter on the page says."""
    page = text(client.get(f"/campaigns/{slug}"))
    return re.search(r">([\d.,]+)</b>\s+signatures confirmed by email", page)[1]


def form(**facts):
    return {"name": "Sanne Visser", "email": "sanne@example.org", "place": "Utrecht", **facts}


class TestSigning:
    def test_from_the_form_to_the_own_page_without_an_account(self, client, slug):
        page = text(client.get(f"/campaigns/{slug}"))
        assert f'action="/campaigns/{slug}/sign"' in page
        assert 'name="public"' in page
        assert " checked" not in page
        asked = client.post(f"/campaigns/{slug}/sign", data=form())
        assert asked.location == f"/campaigns/{slug}/confirm"
        waiting = text(client.get(asked.location))
        assert "s•••@example.org" in waiting
        code = re.search(r'"code": "(\d{6})"', sent())[1]
        assert "does not open anything" in text(client.post(asked.location, data={"code": "x"}))
        done = client.post(asked.location, data={"code": code})
        assert done.location.startswith("/signature/")
        own = text(client.get(done.location))
        assert "Your signature is confirmed and counts." in own
        assert "sanne@example.org" in own
        assert counted(client, slug) == "1"

    def test_the_link_shows_what_is_confirmed_and_is_not_used_up_by_looking(self, client, slug):
        client.post(f"/campaigns/{slug}/sign", data=form())
        link = re.search(r"/yes/[\w-]+", sent())[0]
        for _scanner in range(3):
            looked = text(client.get(link))
            assert "Sanne Visser" in looked
            assert "No, only counted" in looked
        assert counted(client, slug) == "0"
        assert client.post(link).location.startswith("/signature/")
        assert "no longer works" in text(client.get(link))
        assert client.post(link).status_code == 409

    def test_answers_alike_for_an_address_that_signed_before(self, client, slug):
        with db.transaction() as session:
            signed(session, slug, "known@example.org", now=NOW)
        answers = []
        for email in ("known@example.org", "fresh@example.org"):
            asked = client.post(f"/campaigns/{slug}/sign", data=form(email=email))
            page = text(client.get(asked.location))
            same = re.sub(r'\w•••@[\w.]+|csrf_token" value="[^"]+"', "", page)
            answers.append((asked.status_code, asked.location, same))
        assert answers[0] == answers[1]

    def test_bad_input_stays_in_the_form_and_says_what_to_do(self, client, slug):
        answer = client.post(f"/campaigns/{slug}/sign", data=form(email="sanne at example", public="y"))
        assert answer.status_code == 422
        page = text(answer)
        assert "has an @ in it" in page
        assert 'value="sanne at example"' in page
        assert 'value="Sanne Visser"' in page
        assert re.search(r'<input checked[^>]* name="public"', page)

    def test_too_often_is_said_on_the_form(self, client, slug):
        for n in range(asking.PER_DEVICE.times):
            assert (
                client.post(f"/campaigns/{slug}/sign", data=form(email=f"n{n}@example.org")).status_code
                == 303
            )
        answer = client.post(f"/campaigns/{slug}/sign", data=form(email="more@example.org"))
        assert answer.status_code == 422
        assert "often enough for now" in text(answer)

    def test_withdraw_change_and_go_on_to_join(self, client, slug):
        with db.transaction() as session:
            token = signed(session, slug, "sanne@example.org", now=NOW, place="Utrecht")
        own = f"/signature/{token}"
        client.post(f"{own}/name", data={"public": "yes"})
        assert "Sanne Visser" in text(client.get(f"/campaigns/{slug}/names"))
        assert client.post(f"{own}/join").location == "/join"
        assert 'value="Sanne Visser"' in text(client.get("/join/name"))
        assert client.post(f"{own}/withdrawn", data={"withdrawn": "yes"}).location == own
        assert "Your signature is withdrawn" in text(client.get(own))
        assert "Sanne Visser" not in text(client.get(f"/campaigns/{slug}/names"))
        assert client.post(f"{own}/withdrawn", data={"withdrawn": "no"}).location == own
        assert "Sanne Visser" in text(client.get(f"/campaigns/{slug}/names"))
        client.post(f"{own}/withdrawn", data={"withdrawn": "yes"})
        assert "Sanne Visser" not in text(client.get(f"/campaigns/{slug}/names"))

    def test_a_boycott_counts_who_has_stopped(self, client, database):
        with db.transaction() as session:
            slug = make_petition(session, kind="boycott", now=NOW, pledge_deadline=WEEK)
            token = signed(session, slug, "sanne@example.org", now=NOW)
        assert "I have stopped" in text(client.get(f"/signature/{token}"))
        client.post(f"/signature/{token}/stopped", data={"stopped": "yes"})
        assert "Have stopped" in text(client.get(f"/campaigns/{slug}"))
        with db.reading() as session:
            assert queries.card(session, slug).checked_in == 1

    def test_follow_and_stop(self, client, slug):
        asked = client.post(f"/campaigns/{slug}/follow", data={"email": "omar@example.org"})
        assert asked.location == f"/campaigns/{slug}/confirm"
        client.post(re.search(r"/yes/[\w-]+", sent())[0])
        with db.reading() as session:
            from union.campaigns.models import Follower

            path = asking.own_path(asking.Thing.FOLLOWER, session.query(Follower).one().id)
        assert "Stop following this campaign?" in text(client.get(path))
        assert client.post(path).location == f"/campaigns/{slug}"
        assert client.get(path).status_code == 404

    def test_in_dutch(self, client, slug):
        page = text(client.get(f"/campaigns/{slug}?lang=nl"))
        assert "Teken de petitie" in page
        assert "Toon mijn naam en plaats openbaar" in page
        client.post(f"/campaigns/{slug}/sign", data=form())
        assert "Nog één stap" in text(client.get(f"/campaigns/{slug}/confirm"))


def public_addresses(app, slug):
    """Every address under the campaign that anybody may read."""
    from union.web.guards import PUBLIC, guard_of

    found = []
    for rule in app.url_map.iter_rules():
        if guard_of(app.view_functions[rule.endpoint]) != PUBLIC or "GET" not in rule.methods:
            continue
        if rule.arguments <= {"slug", "code", "kind"} and rule.rule.startswith("/campaigns/<slug>"):
            path = rule.rule.replace("<slug>", slug).replace("<code>", "en")
            found.append(path.replace("<any(png, svg):kind>", "svg"))
    return [*found, "/campaigns", "/"]


def leaks(client, slug, secrets):
    """Where a word of `secrets` can be read by anybody."""
    return {
        (path, secret)
        for path in public_addresses(client.application, slug)
        for secret in secrets
        if secret.encode() in client.get(path).data
    }


class TestNobodyIsNamedUnasked:
    def test_no_public_page_names_who_did_not_choose_it(self, client, slug):
        with db.transaction() as session:
            signed(session, slug, "hides@example.org", now=NOW, name="Hidde Hides", place="Hiddingsel")
            sign(session, slug, "waits@example.org", now=NOW, name="Wim Waits", place="Waiting", public=True)
            signed(session, slug, "shows@example.org", now=NOW, name="Sjoerd Shows", public=True)
            service.hand_over(session, slug=slug, actor=SYSTEM, at=NOW, to_whom="the board", note="", now=NOW)
        assert len(public_addresses(client.application, slug)) > 15
        secret = ["Hides", "Hiddingsel", "Waits", "example.org"]
        assert leaks(client, slug, secret) == set()
        assert {path for path, _name in leaks(client, slug, ["Sjoerd Shows"])} == {
            f"/campaigns/{slug}",
            f"/campaigns/{slug}/names",
        }

    def test_planted_fault_a_name_shown_unasked_is_found(self, client, slug):
        """The very row of somebody who chose not to be named, shown: each page that would tell it is found."""
        with db.transaction() as session:
            signed(session, slug, "hides@example.org", now=NOW, name="Hidde Hides")
        assert not leaks(client, slug, ["Hidde Hides"])
        with db.transaction() as session:
            session.query(Signature).update({"public": True})
        assert len(leaks(client, slug, ["Hidde Hides"])) == 2


class TestCards:
    @pytest.mark.parametrize("code", ["en", "nl"])
    def test_png_for_previews_svg_for_print(self, client, slug, code):
        answer = client.get(f"/campaigns/{slug}/card-{code}.png")
        assert Image.open(BytesIO(answer.data)).size == (1200, 630)
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert "Set-Cookie" not in answer.headers
        assert client.get(f"/campaigns/{slug}/card-{code}.svg").mimetype == "image/svg+xml"
        assert client.get(f"/campaigns/{slug}/card-xx.png").status_code == 404

    def test_the_page_names_its_card_by_what_it_shows(self, client, slug):
        page = text(client.get(f"/campaigns/{slug}"))
        address = re.search(r'property="og:image" content="http://localhost([^"]+)"', page)[1]
        first = client.get(address)
        assert first.headers["Cache-Control"] == "public, max-age=86400"
        again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        with db.transaction() as session:
            signed(session, slug, "sanne@example.org", now=NOW)
        then = text(client.get(f"/campaigns/{slug}"))
        assert address not in then
        changed = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
        assert changed.status_code == 200
        assert changed.headers["Cache-Control"] == "public, max-age=300"
        for name in ("og:title", "og:description", "og:url", "og:image:width", "og:image:alt", "og:type"):
            assert f'property="{name}"' in then

    def test_a_draft_has_none(self, client, database):
        with db.transaction() as session:
            slug = make_campaign(session, stage="draft")
        assert client.get(f"/campaigns/{slug}/card-en.png").status_code == 404

    def test_the_meter_on_another_site_sets_no_cookie_and_reloads_without_script(self, client, slug):
        answer = client.get(f"/campaigns/{slug}/meter?in=nl")
        assert "handtekeningen bevestigd" in text(answer)
        assert "Set-Cookie" not in answer.headers
        assert '<noscript><meta http-equiv="refresh" content="60"></noscript>' in text(answer)


class TestFeeds:
    @pytest.fixture
    def told(self, slug):
        with db.transaction() as session:
            update = service.add_update(
                session, slug=slug, actor=SYSTEM, title="They <said> & meant", text="Nothing.", now=NOW
            )
            service.edit_update(
                session, slug=slug, update_id=update, actor=SYSTEM, title="They <said> & meant", text="Little.",
                now=NOW + timedelta(minutes=5), public_url="x",
            )  # fmt: skip
        return slug

    def test_both_are_valid_and_tell_the_same(self, client, told):
        atom, rss = (client.get(f"/campaigns/{told}/{name}.xml").data for name in ("atom", "feed"))
        assert feeds.atom(atom) == []
        assert feeds.rss(rss) == []
        for feed in (atom, rss):
            assert b"They &lt;said&gt; &amp; meant" in feed
            assert b"Little." in feed
            assert b"Nothing." not in feed

    def test_planted_faults_are_found(self, client, told):
        atom, rss = (client.get(f"/campaigns/{told}/{name}.xml").data for name in ("atom", "feed"))
        assert feeds.atom(atom.replace(b"<updated>2", b"<updated>x2"))
        assert feeds.atom(atom.replace(b"<author>", b"<nobody>").replace(b"</author>", b"</nobody>"))
        assert feeds.atom(re.sub(rb"#update-\d+", b"", atom))
        assert feeds.rss(re.sub(rb"#update-\d+", b"", rss))
        assert feeds.rss(rss.replace(b"<pubDate>", b"<pubDate>some day "))

    def test_an_entry_leads_to_its_line_on_the_page(self, client, told):
        page = text(client.get(f"/campaigns/{told}"))
        for anchor in re.findall(r"#(update-\d+)</guid>", text(client.get(f"/campaigns/{told}/feed.xml"))):
            assert f'id="{anchor}"' in page


class TestPaperAndPrint:
    @pytest.mark.parametrize("path", ["poster", "poster?size=a3", "poster?size=a9", "picket"])
    def test_sheets_for_every_kind(self, client, slug, path):
        with db.transaction() as session:
            strike = make_campaign(session, title="A strike", now=NOW, pledge_deadline=WEEK)
        for one in (slug, strike):
            page = text(client.get(f"/campaigns/{one}/{path}"))
            assert "fig--qr" in page
            assert "sheets.css" in page

    def test_lines_that_fail_stay_in_the_field(self, client, slug, lead, sign_in):
        sign_in(client, lead)
        assert client.get(f"/campaigns/{slug}/paper").status_code == 200
        good, bad = "Noor; noor@example.org; Utrecht; ja", "Omar; omar at example"
        answer = client.post(f"/campaigns/{slug}/paper", data={"lines": f"{good}\n{bad}"})
        page = text(answer)
        assert answer.status_code == 422
        assert "1 address is asked to confirm." in page
        assert "Line 2:" in page
        assert bad in page
        assert "noor@example.org" not in page
        assert client.post(f"/campaigns/{slug}/paper", data={"lines": good}).status_code == 303

    def test_list_words_and_hand_over(self, client, slug, lead, sign_in):
        with db.transaction() as session:
            signed(session, slug, "a@example.org", now=NOW, name="=HYPERLINK()", public=True)
            signed(session, slug, "b@example.org", now=NOW, name="Hidde Hides")
        sign_in(client, lead)
        assert "Nothing is handed over yet." in text(client.get(f"/campaigns/{slug}/signatures"))
        assert client.post(f"/campaigns/{slug}/signatures.csv", data={}).status_code == 422
        listed = client.post(f"/campaigns/{slug}/signatures.csv", data={"export-reason": "For the notary"})
        assert listed.mimetype == "text/csv"
        assert "'=HYPERLINK()" in text(listed)
        assert "example.org" not in text(listed)
        document = text(client.get(f"/campaigns/{slug}/hand-over"))
        assert "Hidde Hides" not in document
        assert "=HYPERLINK()" in document
        there = NOW.astimezone(ZoneInfo("Europe/Amsterdam")).date()
        today = {"over-at": there.isoformat(), "over-to_whom": "the board of Rijder"}
        assert client.post(f"/campaigns/{slug}/hand-over", data={}).status_code == 422
        done = client.post(f"/campaigns/{slug}/hand-over", data=today)
        assert "the board of Rijder" in text(client.get(done.location))
        assert "with 2 confirmed signatures" in text(client.get(f"/campaigns/{slug}"))
        undone = client.post(f"{done.location}/undo")
        assert undone.location == f"/campaigns/{slug}/signatures"
        assert "with 2 confirmed" not in text(client.get(f"/campaigns/{slug}"))
        assert client.get(f"/campaigns/{slug}/revise").status_code == 200
        same = {"text": "We ask Rijder for our data.", "reason": "None"}
        assert client.post(f"/campaigns/{slug}/revise", data=same).status_code == 422
        new = {"text": "We ask Rijder for all our data.", "reason": "It said too little."}
        assert client.post(f"/campaigns/{slug}/revise", data=new).location == f"/campaigns/{slug}/text"
        versions = text(client.get(f"/campaigns/{slug}/text"))
        assert "It said too little." in versions
        assert "2 confirmed signatures" in versions


class TestOrganizing:
    @pytest.mark.parametrize("kind", ["petition", "letter", "boycott"])
    def test_from_the_kind_to_public(self, client, lead, sign_in, database, kind):
        with db.transaction() as session:
            make_campaign(session, now=NOW, pledge_deadline=WEEK)
        sign_in(client, lead)
        choice = text(client.get("/campaigns/new?platform=rijder"))
        assert "What do you ask people for?" in choice
        assert "Anybody can sign, member or not" in choice
        assert client.get("/campaigns/new?platform=rijder&kind=riot").status_code == 422
        address = f"/campaigns/new?platform=rijder&kind={kind}"
        assert "active member" not in text(client.get(address))
        wall = (NOW + timedelta(days=10)).strftime("%Y-%m-%dT%H:%M")
        draft = {
            "title": "Our own data", "demand": "Rijder shows riders their data.", "summary": "It is ours.",
            "pledge_text": "Dear Rijder,\r\n\r\nshow us our data.", "goal": "250", "deadline": wall, "zone": "UTC",
        }  # fmt: skip
        assert "Fill this in." in text(client.post(address, data={**draft, "goal": ""}))
        made = client.post(address, data=draft)
        assert made.status_code == 303
        slug = made.location.split("/")[2]
        assert client.get(f"/campaigns/{slug}/edit").status_code == 200
        assert client.get(f"/campaigns/{slug}/preview").status_code == 200
        assert client.get(f"/campaigns/{slug}/publish").status_code == 200
        client.post(f"/campaigns/{slug}/publish")
        page = text(client.get(f"/campaigns/{slug}/organize"))
        assert "Gather signatures" in page
        assert "strike vote" not in page
        assert client.get(f"/campaigns/{slug}/vote").status_code == 409
        with db.reading() as session:
            card = queries.card(session, slug)
        assert (card.kind, card.unit, card.goal, card.threshold) == (kind, 250, 250, 250)

    def test_news_is_edited_taken_back_and_put_back(self, client, slug, lead, sign_in):
        sign_in(client, lead)
        news = {"update-title": "They answered", "update-text": "In part.", "update-mail": "y"}
        assert client.post(f"/campaigns/{slug}/updates", data={}).status_code == 422
        assert client.post(f"/campaigns/{slug}/updates", data=news).status_code == 303
        page = text(client.get(f"/campaigns/{slug}/organize"))
        assert "The emails leave in 10 minutes." in page
        update = re.search(r"/updates/(\d+)/edit", page)[0].removesuffix("/edit")
        address = f"/campaigns/{slug}{update}"
        assert "In part." in text(client.get(f"{address}/edit"))
        assert (
            client.post(f"{address}/edit", data={"title": "They answered", "text": "In part."}).status_code
            == 422
        )
        client.post(f"{address}/edit", data={"title": "They answered", "text": "In full."})
        assert "Edited: earlier words" in text(client.get(f"/campaigns/{slug}"))
        assert "part." in text(client.get(address))
        client.post(f"{address}/take-back")
        assert "They answered" not in text(client.get(f"/campaigns/{slug}"))
        visitor = client.application.test_client()
        assert visitor.get(address).status_code == 404
        client.post(f"{address}/restore")
        assert visitor.get(address).status_code == 200


def test_four_numbers_with_their_denominators(client, database):
    with db.transaction() as session:
        slug = make_campaign(session, now=NOW, pledge_deadline=WEEK)
    page = text(client.get(f"/campaigns/{slug}"))
    for label in ("Pledged", "Verified", "Checked in", "Completed"):
        assert f'<p class="number__label">{label}</p>' in page
    assert "of the 600 people it is about" in page
    assert "about 3 in 4 take part in the end" in page


def test_a_show_of_hands_is_public_from_the_agreed_majority(client, database):
    with db.transaction() as session:
        slug = make_campaign(session, now=NOW, pledge_deadline=WEEK)
        riders = [actor(session) for _ in range(3)]
        test = service.open_test(
            session, slug=slug, actor=SYSTEM, ask="Would you log off on Friday?", closes_at=WEEK,
            majority=(2, 3), now=NOW,
        )  # fmt: skip
        service.answer_test(session, test_id=test, actor=riders[0], would=True, now=NOW)
    assert "Would you log off" not in text(client.get(f"/campaigns/{slug}"))
    with db.transaction() as session:
        service.answer_test(session, test_id=test, actor=riders[1], would=True, now=NOW)
    page = text(client.get(f"/campaigns/{slug}"))
    assert "2 of 3 members would." in page
    assert "I would" not in page
