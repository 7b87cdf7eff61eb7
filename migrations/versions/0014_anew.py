"""write anew what was sealed: PostgreSQL keeps dropped columns and dead rows until a table is

A version of its own, because it runs outside a transaction: stopped anywhere, it is begun again.
"""

from alembic import op

revision = "0014_anew"
down_revision = "0013_sealed"
branch_labels = None
depends_on = None

TABLES = (
    "bad_address", "bargaining_table", "call_list", "challenge", "journal_entry", "member_session", "outbox",
    "push_device", "saved_filter", "send_attempt", "table_letter",
)  # fmt: skip


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    with op.get_context().autocommit_block():
        for table in TABLES:
            op.execute(f"VACUUM FULL {table}")


def downgrade() -> None:
    """Nothing to take back."""
