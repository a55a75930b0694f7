"""retrainings say what they took: the device they were trained on, and bytes of the disk."""

import sqlalchemy as sa
from alembic import op

from overread.store.tables.base import Nested


revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('training_runs', sa.Column('device', Nested(), nullable=True))
    op.add_column('training_runs', sa.Column('disk', sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column('training_runs', 'disk')
    op.drop_column('training_runs', 'device')
