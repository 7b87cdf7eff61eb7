"""a board's records are stored as they are

PostgreSQL tries to compress what is longer than two kilobytes, a ballot's random digits too: in vain, and at
nearly a tenth of what a vote costs it.
"""

from alembic import op

revision = "0017_as_they_are"
down_revision = "0016_ends"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _store("EXTERNAL")


def downgrade() -> None:
    _store("EXTENDED")


def _store(how: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE board_record ALTER COLUMN content SET STORAGE {how}")
