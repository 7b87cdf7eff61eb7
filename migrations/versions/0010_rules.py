"""a close moves by a frozen clause, one voting code is replaced, a count that cannot be finished ends"""

import sqlalchemy as sa
from alembic import op

revision = "0010_rules"
down_revision = "0009_places_of_actions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("ballot", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reissued", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("extended", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("given_up", sa.JSON(), nullable=True))
    op.create_table(
        "ballot_pulse",
        sa.Column("ballot_id", sa.String(length=20), nullable=False),
        sa.Column("reached_at", sa.BigInteger(), nullable=False),
        sa.Column("away", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ballot_id"], ["ballot.id"], name=op.f("fk_ballot_pulse_ballot_id_ballot"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ballot_id", name=op.f("pk_ballot_pulse")),
    )
    op.create_table(
        "credential_tag",
        sa.Column("ballot_id", sa.String(length=20), nullable=False),
        sa.Column("tag", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ballot_id"], ["ballot.id"], name=op.f("fk_credential_tag_ballot_id_ballot"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ballot_id", "tag", name=op.f("pk_credential_tag")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("credential_tag")
    op.drop_table("ballot_pulse")
    with op.batch_alter_table("ballot", schema=None) as batch_op:
        batch_op.drop_column("given_up")
        batch_op.drop_column("extended")
        batch_op.drop_column("reissued")
