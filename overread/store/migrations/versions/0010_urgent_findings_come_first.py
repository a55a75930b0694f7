"""urgent findings come first: studies whose answer names one, and the order that shows them."""

import sqlalchemy as sa
from alembic import op


revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('studies', sa.Column('urgent', sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index('ix_studies_urgent_state_received_at_uid', 'studies', ['urgent', 'state', 'received_at', 'uid'])


def downgrade() -> None:
    op.drop_index('ix_studies_urgent_state_received_at_uid', 'studies')
    op.drop_column('studies', 'urgent')  # no copy of the table, which others refer to
