"""The same conversation with Prism between: it refuses what Twilio's published description does not allow.

Where Prism is (npm's @stoplight/prism-cli, on the PATH or in var/prism) this is a second opinion on both sides
of the wire; test_twilio_description holds them without it.
"""

import json
import shutil
import subprocess
import time
from pathlib import Path

import pytest
import requests

from tests.broker import free_port
from tests.wire import fake_twilio
from tests.wire.test_twilio import NOW, make, text
from union.notify.channels.base import Accepted, Ambiguous, Found, Refused
from union.notify.rules.kinds import State
from union.notify.testing.faults import Faults
from union.notify.testing.twilio_server import Record

ABSENT = (
    "Prism is not here (npm install --prefix var/prism @stoplight/prism-cli): the contract run is LEFT OUT"
)
HERE = Path(__file__).parent.parent.parent / "var" / "prism" / "node_modules" / ".bin" / "prism"


def prism():
    return str(HERE) if HERE.exists() else shutil.which("prism")


def as_answered(description):
    """The description with one claim less: that pages' addresses are absolute. Its own examples are relative."""
    told = json.dumps(description)
    assert '"first_page_uri": "/2010-04-01/' in told
    return json.loads(
        told, object_hook=lambda node: {k: v for k, v in node.items() if (k, v) != ("format", "uri")}
    )


@pytest.fixture
def server():
    with fake_twilio.running(fake_twilio.TwilioServer(faults=Faults(receipts=False))) as running:
        yield running


@pytest.fixture
def between(server, tmp_path):
    """The address of Prism in front of our server."""
    found, description = prism(), fake_twilio.description()
    if found is None or description is None:
        print(f"\nLEFT OUT: {ABSENT if found is None else fake_twilio.ABSENT}")
        pytest.skip(ABSENT if found is None else fake_twilio.ABSENT)
    spec = tmp_path / "twilio.json"
    spec.write_text(json.dumps(as_answered(description)))
    port = free_port()
    proxy = subprocess.Popen(
        [found, "proxy", "--errors", "-h", "127.0.0.1", "-p", str(port), "-v", "error", str(spec), server.url],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 90
        while True:
            try:
                requests.get(address, timeout=5)
            except requests.ConnectionError:
                assert proxy.poll() is None, "Prism stopped"
                assert time.monotonic() < end, "Prism does not answer"
                time.sleep(0.2)
            else:
                break
        yield address
    finally:
        proxy.terminate()
        proxy.wait(20)


def test_what_we_say_to_twilio_and_our_server_says_back_is_as_published(server, between):
    twilio = make(server, url=between, discard=False)
    answer = twilio.send(text(), NOW)
    assert isinstance(answer, Accepted), "both the request and the answer passed"
    assert list(server.records) == [answer.provider_id]
    found = twilio.look_up(text(), NOW, frozenset())
    assert isinstance(found, Found)
    assert found.state in {State.ACCEPTED, State.DELIVERED}
    with twilio._client() as client:
        assert client.messages(answer.provider_id).fetch().sid == answer.provider_id
    assert twilio.send(text("+15005550004"), NOW) == Refused("21610", opted_out=True)
    twilio.close()


def test_prism_bites(server, between, monkeypatch):
    """A request without a number, and an answer with a status nobody published, are found out."""
    messages = f"{between}/2010-04-01/Accounts/{fake_twilio.ACCOUNT}/Messages.json"
    login = (fake_twilio.ACCOUNT, fake_twilio.TOKEN)
    assert requests.post(messages, data={"Body": "x"}, auth=login, timeout=30).status_code == 422
    assert not server.records
    shown = Record.shown
    monkeypatch.setattr(
        Record, "shown", lambda self, account: {**shown(self, account), "status": "teleported"}
    )
    twilio = make(server, url=between)
    assert isinstance(twilio.send(text(), NOW), Ambiguous), "Prism answers 500 in the server's place"
    twilio.close()
