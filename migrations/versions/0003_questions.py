"""every kind of question: weights, shuffles, priorities"""

import sqlalchemy as sa
from alembic import op

revision = "0003_questions"
down_revision = "0002_threshold"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ballot_shuffle",
        sa.Column("ballot_id", sa.String(length=20), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("record", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["ballot_id"], ["ballot.id"], name=op.f("fk_ballot_shuffle_ballot_id_ballot"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ballot_id", "position", name=op.f("pk_ballot_shuffle")),
    )
    op.create_table(
        "ballot_weight",
        sa.Column("ballot_id", sa.String(length=20), nullable=False),
        sa.Column("member_id", sa.String(length=20), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ballot_id"], ["ballot.id"], name=op.f("fk_ballot_weight_ballot_id_ballot"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ballot_id", "member_id", name=op.f("pk_ballot_weight")),
    )
    op.add_column("ballot", sa.Column("weighting", sa.JSON(), nullable=True))
    op.add_column("ballot", sa.Column("total_weight", sa.BigInteger(), nullable=True))
    op.add_column("ballot", sa.Column("cast_weight", sa.BigInteger(), nullable=True))
    op.add_column("ballot", sa.Column("shuffle_turn_at", sa.BigInteger(), nullable=True))
    op.add_column(
        "ballot", sa.Column("shuffled", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("public_credential", sa.Column("weight", sa.Integer(), server_default="1", nullable=False))
    op.add_column("roll_entry", sa.Column("weight", sa.Integer(), server_default="1", nullable=False))
    op.add_column("campaign", sa.Column("priorities", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("campaign", "priorities")
    op.drop_column("roll_entry", "weight")
    op.drop_column("public_credential", "weight")
    for name in ("shuffled", "shuffle_turn_at", "cast_weight", "total_weight", "weighting"):
        op.drop_column("ballot", name)
    op.drop_table("ballot_weight")
    op.drop_table("ballot_shuffle")
