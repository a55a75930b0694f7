"""readers call first: their own calls, and from when on answers were shown in which order."""

import sqlalchemy as sa
from alembic import op


revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'own_calls',
        sa.Column('study', sa.String(length=64), nullable=False),
        sa.Column('by', sa.String(length=64), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('label', sa.String(length=16), nullable=False),
        sa.Column('answer_shown', sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(['study'], ['studies.uid'], name=op.f('fk_own_calls_study_studies')),
        sa.PrimaryKeyConstraint('study', 'by', name=op.f('pk_own_calls')),
    )
    op.create_table(
        'answer_orders',
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('order', sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint('at', name=op.f('pk_answer_orders')),
    )


def downgrade() -> None:
    op.drop_table('answer_orders')
    op.drop_table('own_calls')
