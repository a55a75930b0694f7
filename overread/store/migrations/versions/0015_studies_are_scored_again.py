"""studies are scored again: who asked for a further answer."""

import sqlalchemy as sa
from alembic import op


revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('predictions', sa.Column('asked_by', sa.String(length=64), nullable=True))


def downgrade() -> None:
    op.drop_column('predictions', 'asked_by')
