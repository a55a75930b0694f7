"""flips are seen: which of them a reviewer looked at, and what stood behind a decision."""

import sqlalchemy as sa
from alembic import op


revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'flip_views',
        sa.Column('version', sa.String(length=64), nullable=False),
        sa.Column('reviewer', sa.String(length=64), nullable=False),
        sa.Column('study', sa.String(length=64), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ['version'], ['promotion_requests.version'], name=op.f('fk_flip_views_version_promotion_requests')
        ),
        sa.PrimaryKeyConstraint('version', 'reviewer', 'study', name=op.f('pk_flip_views')),
    )
    op.add_column('reviews', sa.Column('flips_seen', sa.Integer(), nullable=True))
    op.add_column('reviews', sa.Column('own_corrections', sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column('reviews', 'own_corrections')
    op.drop_column('reviews', 'flips_seen')
    op.drop_table('flip_views')
