"""hold less in clear: contacts, devices, ways onward, titles of lists, texts of the books are sealed

Values are sealed where they stand, with the data key. SQLite overwrites what it drops; PostgreSQL keeps it
until the next version writes the tables anew. Failures' codes lose the words of mail servers, which repeat
addresses.
"""

import sqlalchemy as sa
from alembic import op

from union.core.sealing import vault

revision = "0013_sealed"
down_revision = "0012_codes"
branch_labels = None
depends_on = None

SEALED = (
    ("bargaining_table", "contact_name", sa.String(160)),
    ("bargaining_table", "contact_email", sa.String(254)),
    ("bargaining_table", "contact_postal", sa.Text()),
    ("table_letter", "recipient", sa.Text()),
    ("challenge", "onward", sa.String(300)),
    ("member_session", "device", sa.String(80)),
    ("push_device", "label", sa.String(60)),
    ("saved_filter", "name", sa.String(80)),
    ("journal_entry", "text", sa.String(160)),
    ("call_list", "title", sa.String(80)),
)
CODES = (("outbox", "error_code"), ("send_attempt", "outcome"), ("bad_address", "code"))
AT_ONCE = 500


def upgrade() -> None:
    op.add_column("audit_entry", sa.Column("words", sa.LargeBinary(), nullable=True))
    for table, column, _ in SEALED:
        _rewrite(table, column, sa.LargeBinary(), lambda text, what: vault().seal(text, what))
    for table, column in CODES:
        op.execute(f"UPDATE {table} SET {column} = 'refused' WHERE {column} LIKE '%@%'")  # noqa: S608


def downgrade() -> None:
    for table, column, was in SEALED:
        _rewrite(table, column, was, lambda sealed, what: vault().open(bytes(sealed), what))
    op.drop_column("audit_entry", "words")


def _rewrite(table, column, kind, change) -> None:
    """Put a column of another type in the place of one, each value changed; nothing else of the table moves."""
    bind = op.get_bind()
    keys = sa.inspect(bind).get_pk_constraint(table)["constrained_columns"]
    op.add_column(table, sa.Column("rewritten", kind, nullable=False, server_default=sa.text("''")))
    # of any type, so that both the old and the new value pass as they are
    here = sa.table(table, *(sa.column(name) for name in {*keys, column, "rewritten"}))
    rows = bind.execute(sa.select(*(here.c[key] for key in keys), here.c[column])).all()
    for start in range(0, len(rows), AT_ONCE):
        values = [
            {**{f"key_{n}": key for n, key in enumerate(row[:-1])}, "new": change(row[-1], f"{table}.{column}")}
            for row in rows[start : start + AT_ONCE]
        ]
        same = (here.c[key] == sa.bindparam(f"key_{n}") for n, key in enumerate(keys))
        bind.execute(sa.update(here).where(*same).values(rewritten=sa.bindparam("new")), values)
    op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    op.execute(f"ALTER TABLE {table} RENAME COLUMN rewritten TO {column}")
    if bind.dialect.name == "postgresql":
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT")
