"""Our Twilio-speaking server and our client's requests, held against Twilio's published OpenAPI description."""

import warnings

import pytest
import requests

from tests.wire import fake_twilio
from tests.wire.test_twilio import NOW, make, text
from union.notify.channels.base import Accepted
from union.notify.testing.faults import Faults

BASE = "https://api.twilio.com"


@pytest.fixture(scope="module")
def api():
    found = fake_twilio.description()
    if found is None:
        warnings.warn(fake_twilio.ABSENT, stacklevel=1) if False else print(
            f"\nLEFT OUT: {fake_twilio.ABSENT}"
        )
        pytest.skip(fake_twilio.ABSENT)
    from openapi_core import OpenAPI

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return OpenAPI.from_dict(found)


@pytest.fixture
def recorded(monkeypatch):
    """Every request and answer of `requests`, as they went over the wire."""
    seen = []
    real = requests.Session.send

    def send(self, request, **kw):
        answer = real(self, request, **kw)
        seen.append((request, answer))
        return answer

    monkeypatch.setattr(requests.Session, "send", send)
    return seen


@pytest.fixture
def server():
    with fake_twilio.running(fake_twilio.TwilioServer(faults=Faults(receipts=False))) as running:
        yield running


def check(api, request, answer):
    """Raise what openapi-core finds wrong with a request or its answer."""
    from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse

    moved = request.copy()
    moved.url = BASE + "/" + request.url.split("/", 3)[3]
    asked, told = RequestsOpenAPIRequest(moved), RequestsOpenAPIResponse(answer)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        api.validate_request(asked)
        if answer.status_code < 400:  # the description names successes only
            api.validate_response(asked, told)


def test_creating_looking_up_and_fetching_follow_the_description(api, server, recorded):
    twilio = make(server)
    answer = twilio.send(text(), NOW)
    assert isinstance(answer, Accepted)
    twilio.look_up(text(), NOW, frozenset())
    with twilio._client() as client:
        client.messages(answer.provider_id).fetch()
        client.messages(answer.provider_id).update(body="")
    twilio.close()
    assert len(recorded) == 4
    for request, told in recorded:
        check(api, request, told)


@pytest.mark.parametrize("to", ["+15005550001", "+15005550004"])
def test_a_refused_request_was_well_formed(api, server, recorded, to):
    twilio = make(server)
    twilio.send(text(to), NOW)
    twilio.close()
    for request, told in recorded:
        check(api, request, told)


def test_the_description_bites(api, server, recorded):
    """A server that answers 200 to a creation, or forgets the number, is found out."""
    twilio = make(server)
    twilio.send(text(), NOW)
    twilio.close()
    request, told = recorded[0]
    told.status_code = 200
    with pytest.raises(Exception, match=r"(?i)response|200"):
        check(api, request, told)
    told.status_code = 201
    request.prepare_body({"Body": "x"}, None)
    with pytest.raises(Exception, match=r"(?i)request|body|schema"):
        check(api, request, told)
