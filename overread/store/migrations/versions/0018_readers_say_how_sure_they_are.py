"""readers say how sure they are: of a blinded read, if they want to."""

import sqlalchemy as sa
from alembic import op


revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('reads', sa.Column('confidence', sa.String(length=16), nullable=True))


def downgrade() -> None:
    op.drop_column('reads', 'confidence')
