"""votes planned with an action, reminders of its steps, who took part by chapter"""

import sqlalchemy as sa
from alembic import op

revision = "0008_arc"
down_revision = "0007_public_face"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "action_vote",
        sa.Column("action_id", sa.String(length=20), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("question", sa.String(length=300), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("more", sa.Integer(), nullable=True),
        sa.Column("after", sa.Integer(), nullable=False),
        sa.Column("window", sa.Integer(), nullable=False),
        sa.Column("by_clock", sa.Boolean(), nullable=False),
        sa.Column("hold", sa.Boolean(), nullable=False),
        sa.Column("ballot_slug", sa.String(length=80), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "planned", "launched", "passed", "refused", "dropped",
                name="votestate", native_enum=False, length=10,
            ),
            nullable=False,
        ),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["action_id"], ["action.id"], name=op.f("fk_action_vote_action_id_action")
        ),
        sa.PrimaryKeyConstraint("action_id", "number", name=op.f("pk_action_vote")),
        sa.UniqueConstraint("ballot_slug", name=op.f("uq_action_vote_ballot_slug")),
    )
    with op.batch_alter_table("action", schema=None) as batch_op:
        batch_op.add_column(sa.Column("chase_every", sa.Integer(), server_default="0", nullable=False))
        batch_op.create_check_constraint("two_organizers", "confirmed_by <> armed_by")
    with op.batch_alter_table("action_zone_firing", schema=None) as batch_op:
        batch_op.add_column(sa.Column("chased", sa.Integer(), server_default="0", nullable=False))
    with op.batch_alter_table("debrief", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("part_by_chapter", sa.JSON(), server_default=sa.text("'[]'"), nullable=False)
        )


def downgrade() -> None:
    with op.batch_alter_table("debrief", schema=None) as batch_op:
        batch_op.drop_column("part_by_chapter")
    with op.batch_alter_table("action_zone_firing", schema=None) as batch_op:
        batch_op.drop_column("chased")
    with op.batch_alter_table("action", schema=None) as batch_op:
        batch_op.drop_constraint("two_organizers", type_="check")
        batch_op.drop_column("chase_every")
    op.drop_table("action_vote")
