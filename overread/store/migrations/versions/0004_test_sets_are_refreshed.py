"""test sets are refreshed: which one, over which bridge, and every use without a verdict."""

import sqlalchemy as sa
from alembic import op


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('test_set_uses',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('test_set', sa.String(length=64), nullable=False),
    sa.Column('purpose', sa.String(length=32), nullable=False),
    sa.Column('model', sa.String(length=64), nullable=False),
    sa.Column('by', sa.String(length=64), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['test_set'], ['test_sets.version'], name=op.f('fk_test_set_uses_test_set_test_sets')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_test_set_uses'))
    )
    with op.batch_alter_table('test_sets', schema=None) as batch_op:
        batch_op.add_column(sa.Column('parent', sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column('bridge', sa.String(length=64), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('test_sets', schema=None) as batch_op:
        batch_op.drop_column('bridge')
        batch_op.drop_column('parent')
    op.drop_table('test_set_uses')
