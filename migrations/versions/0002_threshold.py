"""threshold trustees: the key ceremony, test decryptions, refused shares"""

import sqlalchemy as sa
from alembic import op

revision = "0002_threshold"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ceremony_complaint",
        sa.Column("ballot_id", sa.String(length=20), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("accused", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ballot_id"], ["ballot.id"], name=op.f("fk_ceremony_complaint_ballot_id_ballot"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ballot_id", "position", name=op.f("pk_ceremony_complaint")),
    )
    op.create_table(
        "ceremony_message",
        sa.Column("ballot_id", sa.String(length=20), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("step", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("step between 1 and 3", name=op.f("ck_ceremony_message_step_known")),
        sa.ForeignKeyConstraint(
            ["ballot_id"], ["ballot.id"], name=op.f("fk_ceremony_message_ballot_id_ballot"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ballot_id", "position", "step", name=op.f("pk_ceremony_message")),
    )
    for column in (
        sa.Column("threshold", sa.Integer(), nullable=True),
        sa.Column("ceremony", sa.Integer(), server_default="1", nullable=False),
        sa.Column("duty_since", sa.BigInteger(), nullable=True),
        sa.Column("trustees_reminded_at", sa.BigInteger(), nullable=True),
        sa.Column("block", sa.LargeBinary(), nullable=True),
    ):
        op.add_column("ballot", column)
    for column in (
        sa.Column("tested_at", sa.BigInteger(), nullable=True),
        sa.Column("refused", sa.Integer(), server_default="0", nullable=False),
        sa.Column("refused_check", sa.String(length=40), nullable=True),
    ):
        op.add_column("ballot_trustee", column)


def downgrade() -> None:
    # Column by column: a table made anew would take the rows that point to it along on SQLite.
    for column in ("refused_check", "refused", "tested_at"):
        op.drop_column("ballot_trustee", column)
    for column in ("block", "trustees_reminded_at", "duty_since", "ceremony", "threshold"):
        op.drop_column("ballot", column)
    op.drop_table("ceremony_message")
    op.drop_table("ceremony_complaint")
