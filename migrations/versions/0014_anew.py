"""write anew what was sealed: PostgreSQL keeps dropped columns and dead rows until a table is

VACUUM FULL would keep every dead row that any connection, of another database even while it signs in, might
still see. A change of a column's type copies what is alive and nothing else.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014_anew"
down_revision = "0013_sealed"
branch_labels = None
depends_on = None

# a column of each table that stands in no key: keys would take their references along
CHANGED = (
    ("bad_address", "code"), ("bargaining_table", "contact_name"), ("call_list", "title"), ("challenge", "onward"),
    ("journal_entry", "text"), ("member_session", "device"), ("outbox", "error_code"), ("push_device", "label"),
    ("saved_filter", "name"), ("send_attempt", "outcome"), ("table_letter", "recipient"),
)  # fmt: skip
TYPE = sa.text(
    "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = CAST(:table AS regclass) AND attname = :name"
)


def upgrade() -> None:
    bind = op.get_bind()
    if bind.dialect.name != "postgresql":
        return
    for table, name in CHANGED:
        kind = bind.execute(TYPE, {"table": table, "name": name}).scalar_one()
        # the same value by an expression: PostgreSQL would leave a table alone for the column as it is
        op.execute(f'ALTER TABLE {table} ALTER COLUMN "{name}" TYPE {kind} USING COALESCE("{name}", "{name}")')


def downgrade() -> None:
    """Nothing to take back."""
