"""one heartbeat for each process that runs, and the token bucket senders share"""

import sqlalchemy as sa
from alembic import op

revision = "0005_scale"
down_revision = "0004_channels"
branch_labels = None
depends_on = None

TICKS = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    # Who is awake is said again within a second, so there is nothing to carry over.
    op.drop_table("heartbeat")
    op.create_table(
        "heartbeat",
        sa.Column("process", sa.String(length=40), nullable=False),
        sa.Column("instance", sa.String(length=160), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ticks", TICKS, nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("host", sa.String(length=120), nullable=False),
        sa.Column("offset_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("process", "instance", name=op.f("pk_heartbeat")),
    )
    op.create_table(
        "credit",
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("credit", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("provider", name=op.f("pk_credit")),
    )


def downgrade() -> None:
    op.drop_table("credit")
    op.drop_table("heartbeat")
    op.create_table(
        "heartbeat",
        sa.Column("process", sa.String(length=40), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ticks", TICKS, nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("host", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("process", name=op.f("pk_heartbeat")),
    )
