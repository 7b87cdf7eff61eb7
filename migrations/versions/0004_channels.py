"""providers, devices, bounces, own wording, trial"""

import sqlalchemy as sa
from alembic import op

revision = "0004_channels"
down_revision = "0003_questions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('bad_address',
    sa.Column('address_hash', sa.LargeBinary(length=32), nullable=False),
    sa.Column('channel', sa.String(length=8), nullable=False),
    sa.Column('member_id', sa.String(length=40), nullable=False),
    sa.Column('hard', sa.Boolean(), nullable=False),
    sa.Column('soft', sa.Integer(), nullable=False),
    sa.Column('code', sa.String(length=100), nullable=False),
    sa.Column('last_at', sa.BigInteger(), nullable=False),
    sa.Column('last_outbox_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('told_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('address_hash', 'channel', name=op.f('pk_bad_address'))
    )
    with op.batch_alter_table('bad_address', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_bad_address_member_id'), ['member_id'], unique=False)

    op.create_table('own_text',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('template', sa.String(length=80), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('channel', sa.String(length=8), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('withdrawn', sa.Boolean(), nullable=False),
    sa.Column('author_id', sa.String(length=40), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_own_text')),
    sa.UniqueConstraint('template', 'language', 'channel', 'version', name=op.f('uq_own_text_template_language_channel_version'))
    )
    op.create_table('push_device',
    sa.Column('id', sa.String(length=20), nullable=False),
    sa.Column('member_id', sa.String(length=40), nullable=False),
    sa.Column('endpoint_hash', sa.LargeBinary(length=32), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.Column('label', sa.String(length=60), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_push_device')),
    sa.UniqueConstraint('endpoint_hash', name=op.f('uq_push_device_endpoint_hash'))
    )
    with op.batch_alter_table('push_device', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_push_device_member_id'), ['member_id'], unique=False)

    op.create_table('route_change',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('provider', sa.String(length=20), nullable=False),
    sa.Column('weight', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(length=12), nullable=False),
    sa.Column('actor_id', sa.String(length=40), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_route_change'))
    )
    with op.batch_alter_table('route_change', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_route_change_at'), ['at'], unique=False)

    op.create_table('route_share',
    sa.Column('provider', sa.String(length=20), nullable=False),
    sa.Column('channel', sa.String(length=8), nullable=False),
    sa.Column('weight', sa.Integer(), nullable=False),
    sa.Column('held', sa.Boolean(), nullable=False),
    sa.Column('changed_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('provider', name=op.f('pk_route_share'))
    )
    op.create_table('shown_as',
    sa.Column('member_id', sa.String(length=40), nullable=False),
    sa.Column('named_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('member_id', name=op.f('pk_shown_as'))
    )
    op.create_table('trial',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('began_at', sa.BigInteger(), nullable=False),
    sa.Column('lifted_at', sa.BigInteger(), nullable=True),
    sa.Column('lifted_by', sa.String(length=40), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_trial'))
    )
    op.create_table('trial_recipient',
    sa.Column('key', sa.String(length=80), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=True),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_trial_recipient'))
    )
    with op.batch_alter_table('inbound_message', schema=None) as batch_op:
        batch_op.add_column(sa.Column('assigned_to', sa.String(length=40), nullable=True))

    with op.batch_alter_table('outbox', schema=None) as batch_op:
        batch_op.add_column(sa.Column('named', sa.Boolean(), server_default=sa.false(), nullable=False))

    with op.batch_alter_table('send_attempt', schema=None) as batch_op:
        batch_op.add_column(sa.Column('provider', sa.String(length=20), nullable=True))
        batch_op.create_index('ix_send_attempt_provider', ['provider', 'started_at'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('send_attempt', schema=None) as batch_op:
        batch_op.drop_index('ix_send_attempt_provider')
        batch_op.drop_column('provider')

    with op.batch_alter_table('outbox', schema=None) as batch_op:
        batch_op.drop_column('named')

    with op.batch_alter_table('inbound_message', schema=None) as batch_op:
        batch_op.drop_column('assigned_to')

    op.drop_table('trial_recipient')
    op.drop_table('trial')
    op.drop_table('shown_as')
    op.drop_table('route_share')
    with op.batch_alter_table('route_change', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_route_change_at'))

    op.drop_table('route_change')
    with op.batch_alter_table('push_device', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_push_device_member_id'))

    op.drop_table('push_device')
    op.drop_table('own_text')
    with op.batch_alter_table('bad_address', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_bad_address_member_id'))

    op.drop_table('bad_address')
