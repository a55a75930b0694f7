"""studies are assigned: who means to read each one."""

import sqlalchemy as sa
from alembic import op


revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'assignments',
        sa.Column('study', sa.String(length=64), nullable=False),
        sa.Column('person', sa.String(length=64), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['study'], ['studies.uid'], name=op.f('fk_assignments_study_studies')),
        sa.PrimaryKeyConstraint('study', name=op.f('pk_assignments')),
    )
    op.create_index(op.f('ix_assignments_person'), 'assignments', ['person'])


def downgrade() -> None:
    op.drop_index(op.f('ix_assignments_person'), 'assignments')
    op.drop_table('assignments')
