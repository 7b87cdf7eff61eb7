"""Pages of the shows of hands: each says that it is not secret, and none looks like a ballot."""

import pytest

from tests.factories.members import make_member
from union.core import db
from union.core.actor import Role

LABEL = {"en": "Not secret", "nl": "Niet geheim"}


@pytest.mark.parametrize("language", ["en", "nl"])
def test_from_question_to_result(client, sign_in, database, language):
    with db.transaction() as session:
        olga = make_member(session, roles=[Role.ORGANIZER], name="Olga")
        ann = make_member(session, name="Ann")
        far = make_member(session, chapter="utrecht")
    assert client.get("/polls").status_code == 303
    sign_in(client, olga)
    label = LABEL[language]
    assert label in client.get(f"/polls?lang={language}").get_data(as_text=True)
    assert label in client.get("/polls/new").get_data(as_text=True)
    facts = {"chapter": "amsterdam", "question": "Soup or bread?", "answers": "Soup\nBread", "lasts": "24"}
    assert client.post("/polls/new", data={**facts, "answers": "Soup"}).status_code == 422
    assert client.post("/polls/new", data={**facts, "question": ""}).status_code == 422
    made = client.post("/polls/new", data=facts)
    assert made.status_code == 303
    url = made.headers["Location"]
    assert url.startswith("/polls/")
    sign_in(client, ann)
    assert label in client.get(url).get_data(as_text=True)
    assert client.post(url, data={"answer": "7"}).status_code == 422
    assert client.post(url, data={}).status_code == 422
    assert client.post(url, data={"answer": "1"}).status_code == 303
    assert ">Ann<" in client.get(url).get_data(as_text=True)
    assert client.post(f"{url}/close").status_code == 403
    assert "/polls" in client.get("/ballots").get_data(as_text=True)
    sign_in(client, far)
    assert client.get(url).status_code == 403
    sign_in(client, olga)
    assert client.post(f"{url}/close").status_code == 303
    over = client.get(url).get_data(as_text=True)
    assert label in over
    assert 'type="radio"' not in over
    assert client.get("/polls/none").status_code == 404
    assert "Soup or bread?" in client.get("/polls").get_data(as_text=True)
