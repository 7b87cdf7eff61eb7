"""an action can be one chapter's own, large rounds settle in parts, a withdrawn signature can come back"""

import sqlalchemy as sa
from alembic import op

revision = "0009_places_of_actions"
down_revision = "0008_arc"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("action", schema=None) as batch_op:
        batch_op.add_column(sa.Column("chapter_slug", sa.String(length=60), server_default="", nullable=False))
    with op.batch_alter_table("campaign", schema=None) as batch_op:
        batch_op.add_column(sa.Column("outcome_to", sa.String(length=20), nullable=True))
    with op.batch_alter_table("signature", schema=None) as batch_op:
        batch_op.add_column(sa.Column("withdrawn_at", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("signature", schema=None) as batch_op:
        batch_op.drop_column("withdrawn_at")
    with op.batch_alter_table("campaign", schema=None) as batch_op:
        batch_op.drop_column("outcome_to")
    with op.batch_alter_table("action", schema=None) as batch_op:
        batch_op.drop_column("chapter_slug")
