"""The public face of campaigns: kinds, signatures, followers, versions of news, hand-overs.

Columns are added and dropped in place: copying a table would delete, on SQLite, what hangs on its rows.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007_public_face"
down_revision = "0006_organizing"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_pledge_campaign_id_called", table_name="pledge")
    op.create_table(
        "campaign_follower",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("campaign_id", sa.String(length=20), nullable=False),
        sa.Column("address_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("email", sa.LargeBinary(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_campaign_follower_campaign_id_campaign"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_follower")),
        sa.UniqueConstraint(
            "campaign_id", "address_key", name=op.f("uq_campaign_follower_campaign_id_address_key")
        ),
    )
    op.create_table(
        "signature",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("campaign_id", sa.String(length=20), nullable=False),
        sa.Column("address_key", sa.LargeBinary(length=32), nullable=True),
        sa.Column("email", sa.LargeBinary(), nullable=True),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("place", sa.LargeBinary(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("news", sa.Boolean(), nullable=False),
        sa.Column("paper", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("checked_in", sa.Boolean(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_signature_campaign_id_campaign"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signature")),
        sa.UniqueConstraint("campaign_id", "address_key", name=op.f("uq_signature_campaign_id_address_key")),
    )
    op.create_index(
        "ix_signature_listed",
        "signature",
        ["campaign_id", "version", "id"],
        sqlite_where=sa.text("public IS 1 AND confirmed_at IS NOT NULL"),
        postgresql_where=sa.text("public IS true AND confirmed_at IS NOT NULL"),
    )

    op.create_table(
        "signed_text",
        sa.Column("campaign_id", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("wording", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("frozen_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_signed_text_campaign_id_campaign"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("campaign_id", "version", name=op.f("pk_signed_text")),
    )
    op.create_table(
        "campaign_update_version",
        sa.Column("update_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["update_id"],
            ["campaign_update.id"],
            name=op.f("fk_campaign_update_version_update_id_campaign_update"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("update_id", "version", name=op.f("pk_campaign_update_version")),
    )
    op.create_table(
        "hand_over",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("campaign_id", sa.String(length=20), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("to_whom", sa.String(length=120), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("confirmed", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("update_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_hand_over_campaign_id_campaign"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["update_id"],
            ["campaign_update.id"],
            name=op.f("fk_hand_over_update_id_campaign_update"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_over")),
    )
    with op.batch_alter_table("hand_over", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_hand_over_campaign_id"), ["campaign_id"], unique=False)

    op.add_column(
        "campaign", sa.Column("kind", sa.String(length=12), nullable=False, server_default="action")
    )
    op.add_column("campaign", sa.Column("text_version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("campaign", sa.Column("checked_in_count", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("campaign", sa.Column("moves", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("campaign", sa.Column("announced_to", sa.String(length=20), nullable=True))

    op.add_column("campaign_update", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("campaign_update", sa.Column("edited_at", sa.BigInteger(), nullable=True))
    op.add_column("campaign_update", sa.Column("taken_back_at", sa.BigInteger(), nullable=True))
    op.add_column(
        "campaign_update", sa.Column("mailed", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    op.create_index("ix_pledge_campaign_id_called", "pledge", ["campaign_id", "called"])
    op.drop_column("campaign_update", "mailed")
    op.drop_column("campaign_update", "taken_back_at")
    op.drop_column("campaign_update", "edited_at")
    op.drop_column("campaign_update", "version")

    op.drop_column("campaign", "announced_to")
    op.drop_column("campaign", "moves")
    op.drop_column("campaign", "checked_in_count")
    op.drop_column("campaign", "text_version")
    op.drop_column("campaign", "kind")

    with op.batch_alter_table("hand_over", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_hand_over_campaign_id"))

    op.drop_table("hand_over")
    op.drop_table("campaign_update_version")
    op.drop_table("signed_text")
    with op.batch_alter_table("signature", schema=None) as batch_op:
        batch_op.drop_index("ix_signature_listed")

    op.drop_table("signature")
    op.drop_table("campaign_follower")
