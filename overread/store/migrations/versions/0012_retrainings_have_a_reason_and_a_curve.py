"""retrainings have a reason and a curve: why a person asked, and how the trainings of a run went.

"""

import sqlalchemy as sa
from alembic import op

from overread.store.tables.base import Instant


revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('training_runs', sa.Column('reason', sa.Text(), nullable=False, server_default=''))
    op.create_table(
        'training_points',
        sa.Column('run', sa.String(64), nullable=False),
        sa.Column('job', sa.String(64), nullable=False),
        sa.Column('at', Instant(timezone=True), nullable=False),
        sa.Column('name', sa.String(128), nullable=False),
        sa.Column('stage', sa.String(64), nullable=False),
        sa.Column('done', sa.Integer(), nullable=False),
        sa.Column('of', sa.Integer(), nullable=False),
        sa.Column('loss', sa.Float(), nullable=False),
        sa.Column('tuning_auc', sa.Float()),
        sa.ForeignKeyConstraint(['run'], ['training_runs.id'], name='fk_training_points_run_training_runs'),
        sa.PrimaryKeyConstraint('run', 'job', 'at', name='pk_training_points'),
    )


def downgrade() -> None:
    op.drop_table('training_points')
    op.drop_column('training_runs', 'reason')
