"""alerts are taken: since when, and when their condition had gone."""

import sqlalchemy as sa
from alembic import op


revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('alerts', sa.Column('taken_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('alerts', sa.Column('gone_at', sa.DateTime(timezone=True), nullable=True))
    op.execute('UPDATE alerts SET gone_at = resolved_at')  # what was resolved came back with the next check


def downgrade() -> None:
    op.drop_column('alerts', 'gone_at')
    op.drop_column('alerts', 'taken_at')
