"""hold less: links between members and credentials that the data key opens are gone"""

from alembic import op

revision = "0011_safe"
down_revision = "0010_rules"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # rows of before were found with the data key alone; whoever loses a code now gets new ones with everybody
    op.execute("DELETE FROM credential_tag")


def downgrade() -> None:
    op.execute("DELETE FROM credential_tag")
