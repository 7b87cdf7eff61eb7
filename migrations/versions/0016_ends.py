"""a show of hands closes by itself, old structure tests keep counts alone, old messages name nobody"""

import sqlalchemy as sa
from alembic import op

revision = "0016_ends"
down_revision = "0015_wording"
branch_labels = None
depends_on = None

WEEK = 7 * 24 * 3600 * 1_000_000
"""What hands of before get, in microseconds from their opening: nobody said until when."""


def upgrade() -> None:
    with op.batch_alter_table("structure_test", schema=None) as batch_op:
        batch_op.add_column(sa.Column("areas", sa.JSON(), nullable=True))
    with op.batch_alter_table("poll", schema=None) as batch_op:
        batch_op.add_column(sa.Column("closes_at", sa.BigInteger(), nullable=True))
    op.execute(sa.text("UPDATE poll SET closes_at = coalesce(closed_at, opened_at + :week)").bindparams(week=WEEK))
    # whose a message was goes with the hash of its address, from now on
    op.execute(
        "UPDATE outbox SET member_id = 'unlinked:' || CAST(id AS VARCHAR(20)) WHERE address_hash IS NULL"
        " AND member_id <> '' AND member_id NOT LIKE 'unlinked:%' AND member_id NOT LIKE 'erased:%'"
    )
    with op.batch_alter_table("poll", schema=None) as batch_op:
        batch_op.alter_column("closes_at", existing_type=sa.BigInteger(), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("poll", schema=None) as batch_op:
        batch_op.drop_column("closes_at")
    with op.batch_alter_table("structure_test", schema=None) as batch_op:
        batch_op.drop_column("areas")
