"""one-time passwords end: until when the given one opens anything."""

import sqlalchemy as sa
from alembic import op


revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('people', sa.Column('one_time_until', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column('people', 'one_time_until')
