import pytest

from tests.factories.actions import make_called, make_campaign, make_organizer


@pytest.fixture
def first(session):
    return make_organizer(session, name="Ayla")


@pytest.fixture
def second(session):
    return make_organizer(session, name="Bakker")


@pytest.fixture
def called(session):
    return make_called(session, 12)


@pytest.fixture
def campaign(session, now, called):
    return make_campaign(session, now, called=called)
