"""The strike fund through pages alone: book, open, claim, decide, propose, approve, export, confirm."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.factories.members import make_member
from union.core.actor import Role
from union.core.db import reading, transaction
from union.ledger.models import PayoutBatch, StrikeClaim, StrikeFund

IBAN = "NL91 ABNA 0417 1643 00"


@pytest.fixture
def people(database):
    with transaction() as session:
        return {
            "one": make_member(session, roles=[Role.OFFICER], name="One Officer"),
            "two": make_member(session, roles=[Role.OFFICER], name="Two Officer"),
            "ann": make_member(session, name="Ann"),
            "bob": make_member(session, name="Bob"),
        }


@pytest.fixture
def today():
    return datetime.now(UTC).date()


def contribute(client, today, **facts):
    return client.post(
        "/fund/contribute",
        data={
            "account": "4000",
            "amount": "100,00",
            "booked_on": today.isoformat(),
            "ref": "B1",
            "text": "Collected",
            **facts,
        },
    )


def plan(client, today, **facts):
    data = {
        "title": "Week one", "subject": "action/x", "starts_on": (today - timedelta(days=4)).isoformat(),
        "ends_on": today.isoformat(), "first_day": "1", "per_day": "40.00", "most_days": "", "hardship_first": "y",
        "text": "Forty euros for every day.", "claims_until": (today + timedelta(days=5)).strftime("%Y-%m-%dT18:00"),
        "zone": "Europe/Amsterdam", **facts,
    }  # fmt: skip
    return client.post("/fund/new", data=data)


def claim(client, today, **facts):
    return client.post(
        "/fund/week-one/claim",
        data={
            "days": [(today - timedelta(days=n)).isoformat() for n in (1, 2)], "payee": "Ann", "iban": IBAN,
            "consent": "y", **facts,
        },
    )  # fmt: skip


class TestFund:
    def test_amounts_are_read_carefully(self, client, sign_in, people, today):
        sign_in(client, people["one"])
        for amount, words in (
            ("12.345", "too many decimals"),
            ("ten", "an amount such as"),
            ("-5", "an amount such as"),
            ("0", "at least one cent"),
        ):
            answer = contribute(client, today, amount=amount)
            assert answer.status_code == 422
            assert words in answer.text
        assert contribute(client, today).status_code == 303
        again = contribute(client, today)
        assert again.status_code == 422
        assert "B1 was booked before." in again.text
        assert "€100.00" in client.get("/fund/books").text
        page = client.get("/fund/books").text
        assert "What the fund holds" in page
        assert "Debits and credits are equal" in page

    def test_a_statement_with_mistakes_and_duplicates(self, client, sign_in, people, today):
        sign_in(client, people["one"])
        contribute(client, today)
        good = f"{today};12.50;S1;gift\n{today};100;B1;known\n{today};12.50;S1;gift again"
        facts = {"account": "4100", "lines": good + f"\n{today};1.234;S2;x"}
        wrong = client.post("/fund/books/statement", data={**facts, "do": "book"})
        assert wrong.status_code == 422
        assert "Line 4 cannot be booked" in wrong.text
        assert "too many decimals" in wrong.text
        assert "gift again" in wrong.text, "what was typed stays"
        read = client.post("/fund/books/statement", data={**facts, "lines": good, "do": "read"})
        assert read.status_code == 200
        for words in ("1 new line", "1 booked before", "1 repeated", "€12.50", "Book 1 line"):
            assert words in read.text
        books = client.post(
            "/fund/books/statement", data={**facts, "lines": good, "do": "book"}, follow_redirects=True
        )
        assert "1 line booked." in books.text
        assert "€112.50" in books.text
        again = client.post("/fund/books/statement", data={**facts, "lines": good, "do": "book"})
        assert again.status_code == 303
        assert "€112.50" in client.get("/fund/books").text, "the same statement twice books nothing twice"
        other = client.post(
            "/fund/books/statement", data={**facts, "lines": f"{today};13;S1;gift", "do": "book"}
        )
        assert other.status_code == 422
        assert "was booked before as 12.50" in other.text, "other money is never left out in silence"
        sign_in(client, people["ann"])
        assert client.get("/fund/books/statement").status_code == 403

    def test_officers_run_it_and_members_claim(self, client, sign_in, people, today):
        sign_in(client, people["ann"])
        assert client.get("/fund").status_code == 200
        for path in ("/fund/books", "/fund/new", "/fund/contribute"):
            assert client.get(path).status_code == 403
        sign_in(client, people["one"])
        assert plan(client, today, per_day="1.234").status_code == 422
        assert plan(client, today, ends_on="2020-01-01").status_code == 422
        assert plan(client, today).location == "/fund/week-one/run"
        sign_in(client, people["ann"])
        assert client.get("/fund/week-one").status_code == 404

    def test_from_claim_to_paid(self, client, sign_in, people, today):
        sign_in(client, people["one"])
        contribute(client, today)
        plan(client, today)
        client.post("/fund/week-one/run", data={"do": "open"})
        sign_in(client, people["ann"])
        for facts, words in (
            ({"consent": ""}, "Without your consent"),
            ({"iban": "NL00"}, "IBAN"),
            ({"days": []}, "Tick the days"),
            ({"hardship": "y"}, "why you are paid first"),
        ):
            answer = claim(client, today, **facts)
            assert answer.status_code == 422
            assert words in answer.text
        assert claim(client, today, hardship="y", reason="Rent").status_code == 303
        assert "Claimed" in client.get("/fund/week-one").text
        sign_in(client, people["bob"])
        claim(client, today, payee="Bob")
        sign_in(client, people["one"])
        assert "Only when claims are closed" in client.get("/fund/week-one/run").text
        client.post("/fund/week-one/run", data={"do": "close"})
        client.post("/fund/week-one/run", data={"do": "accept"})
        address = client.post("/fund/week-one/run", data={"do": "propose"}).location
        page = client.get(address).text
        assert "a second officer must approve it" in page
        assert "€80.00" in page
        assert "€20.00" in page
        assert client.post(address, data={"do": "approve"}).status_code == 403
        assert client.post(f"{address}/export").status_code == 409
        sign_in(client, people["two"])
        client.post(address, data={"do": "approve"})
        file = client.post(f"{address}/export")
        assert file.mimetype == "text/csv"
        assert "80.00" in file.text
        assert file.text == client.post(f"{address}/export").text
        client.post(address, data={"do": "paid"})
        assert client.post(address, data={"do": "paid"}).status_code == 409
        with reading() as session:
            assert session.scalars(select(PayoutBatch.state)).one() == "paid"
        sign_in(client, people["ann"])
        assert re.search(r"<b>€80\.00</b>\s*Paid", client.get("/fund/week-one").text)

    def test_refusing_withdrawing_and_correcting(self, client, sign_in, people, today):
        sign_in(client, people["one"])
        contribute(client, today)
        plan(client, today)
        client.post("/fund/week-one/run", data={"do": "open"})
        assert client.get("/fund/week-one/edit").status_code == 200
        assert plan_again(client, today).status_code == 422
        sign_in(client, people["ann"])
        claim(client, today)
        client.post("/fund/week-one/withdraw")
        assert "You have no claim" not in client.get("/fund/week-one").text
        claim(client, today)
        with reading() as session:
            made = session.scalars(select(StrikeClaim.id)).one()
            assert session.scalars(select(StrikeFund.state)).one() == "open"
        sign_in(client, people["one"])
        assert client.post(f"/fund/week-one/claims/{made}/refuse", data={"refusal": ""}).status_code == 422
        client.post(f"/fund/week-one/claims/{made}/refuse", data={"refusal": "You were at work."})
        sign_in(client, people["ann"])
        assert "You were at work." in client.get("/fund/week-one").text
        sign_in(client, people["one"])
        client.post("/fund/books/1/correct", data={"reason": "Typed twice"})
        assert "€0.00" in client.get("/fund").text
        assert client.post("/fund/books/1/correct", data={"reason": "Again"}).status_code == 422

    def test_in_dutch(self, client, sign_in, people):
        sign_in(client, people["ann"])
        assert "Stakingskas" in client.get("/fund?lang=nl").text


def plan_again(client, today):
    return client.post(
        "/fund/week-one/edit",
        data={
            "title": "Week one", "starts_on": today.isoformat(), "ends_on": today.isoformat(), "first_day": "1", "per_day": "1",
            "text": "Another rule altogether.", "claims_until": (today + timedelta(days=5)).strftime("%Y-%m-%dT18:00"),
            "zone": "Europe/Amsterdam",
        },
    )  # fmt: skip
