"""INSERT … ON CONFLICT DO NOTHING on both databases.

SQLAlchemy spells it per dialect; the rooms above need not know.
"""

from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from union.core.db import Base


def insert_or_leave(session: Session, model: type[Base]) -> Any:  # noqa: ANN401 - one of two dialects' Insert
    """Return an INSERT into `model`'s table that leaves rows alone which are there already."""
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101 - models map to tables
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(table).on_conflict_do_nothing()
