"""Whom a member's browser may make us call: push services we know, over TLS, and nobody inside."""

import base64

import pytest

from union.core.errors import Invalid
from union.core.settings import PUSH_HOSTS
from union.notify.rules import push

POINT = base64.urlsafe_b64encode(b"\x04" + b"x" * 64).decode().rstrip("=")
AUTH = base64.urlsafe_b64encode(b"a" * 16).decode().rstrip("=")
GOOD = "https://fcm.googleapis.com/fcm/send/abc"


@pytest.mark.parametrize(
    "endpoint",
    [
        GOOD,
        "https://updates.push.services.mozilla.com/wpush/v2/gAAA",
        "https://web.push.apple.com/Q1w2",
        "https://db5.notify.windows.com/w/?token=x",
        "https://fcm.googleapis.com:443/x",
    ],
)
def test_known_push_services(endpoint):
    assert push.allowed(endpoint, PUSH_HOSTS)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/x",
        "https://fcm.googleapis.com:8443/x",
        "https://user@fcm.googleapis.com/x",
        "https://fcm.googleapis.com@evil.example/x",
        "https://fcm.googleapis.com.evil.example/x",
        "https://evilfcm.googleapis.com/x",
        "https://push.apple.com.evil.example/",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/x",
        "https://evil.example#.push.apple.com",
        "https://evil.example/.push.apple.com",
        "https://evil.example\\.push.apple.com/",
        "file:///etc/passwd",
        "https://fcm.googleapis.com:99999/x",
        "https://fcm.googleapis.cоm/x",
        "//fcm.googleapis.com/x",
        "",
    ],
)
def test_nobody_else(endpoint):
    assert not push.allowed(endpoint, PUSH_HOSTS)


def test_an_origin_named_whole_is_taken_as_it_stands():
    hosts = f"{PUSH_HOSTS} http://127.0.0.1:9000"
    assert push.allowed("http://127.0.0.1:9000/push/x", hosts)
    assert push.local("http://127.0.0.1:9000/push/x", hosts)
    assert not push.allowed("http://127.0.0.1:9001/push/x", hosts)
    assert not push.local(GOOD, hosts)


@pytest.mark.parametrize(
    ("p256dh", "auth"), [("", AUTH), (POINT, ""), (POINT[:-4], AUTH), (POINT, AUTH + "AAAA"), ("ä!", AUTH)]
)
def test_keys_that_cannot_be_a_browser_s(p256dh, auth):
    with pytest.raises(Invalid):
        push.checked(GOOD, p256dh, auth, PUSH_HOSTS)


def test_a_subscription_survives_storing():
    made = push.checked(GOOD, POINT, AUTH, PUSH_HOSTS)
    assert push.read(made.stored()) == made


@pytest.mark.parametrize(
    ("agent", "label"),
    [
        ("Mozilla/5.0 (Linux; Android 14) Gecko/130 Firefox/130.0", "Firefox · Android"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit Chrome/130 Safari/537 Edg/130", "Edge · Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17 Safari/604", "Safari · iPhone"),
        ("curl/8", "Browser"),
    ],
)
def test_what_a_member_knows_a_device_by(agent, label):
    assert push.label_of(agent) == label
