"""In the rooms every test runs on SQLite and on PostgreSQL."""

import pytest

from tests.conftest import fresh_postgres, fresh_sqlite
from union.core import db


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    if request.param == "sqlite":
        opened = fresh_sqlite(request.getfixturevalue("sqlite_template"), tmp_path)
    else:
        opened = fresh_postgres(request.getfixturevalue("postgres_template"))
    with opened as fresh:
        db.install(fresh)
        yield fresh
