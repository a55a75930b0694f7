"""studies are locked: who reads each one now."""

import sqlalchemy as sa
from alembic import op


revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'reading_locks',
        sa.Column('study', sa.String(length=64), nullable=False),
        sa.Column('person', sa.String(length=64), nullable=False),
        sa.Column('page', sa.String(length=64), nullable=False),
        sa.Column('since', sa.DateTime(timezone=True), nullable=False),
        sa.Column('until', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['study'], ['studies.uid'], name=op.f('fk_reading_locks_study_studies')),
        sa.PrimaryKeyConstraint('study', name=op.f('pk_reading_locks')),
    )


def downgrade() -> None:
    op.drop_table('reading_locks')
