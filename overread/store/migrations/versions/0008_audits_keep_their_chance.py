"""audits keep their chance; changes of the automatic normal text."""

import sqlalchemy as sa
from alembic import op


revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'audit_lots',
        sa.Column('study', sa.String(length=64), nullable=False),
        sa.Column('version', sa.String(length=64), nullable=False),
        sa.Column('called', sa.String(length=16), nullable=False),
        sa.Column('answered_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('disputed', sa.Boolean(), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('share', sa.Float(), nullable=False),
        sa.Column('drawn', sa.Boolean(), nullable=False),
        sa.Column('case', sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(['case'], ['cases.id'], name=op.f('fk_audit_lots_case_cases')),
        sa.ForeignKeyConstraint(['study'], ['studies.uid'], name=op.f('fk_audit_lots_study_studies')),
        sa.PrimaryKeyConstraint('study', name=op.f('pk_audit_lots')),
    )
    with op.batch_alter_table('audit_lots', schema=None) as batch_op:
        batch_op.create_index('ix_audit_lots_version_answered_at', ['version', 'answered_at'], unique=False)
    op.create_table(
        'text_switches',
        sa.Column('id', sa.String(length=64), nullable=False),
        sa.Column('task', sa.String(length=64), nullable=False),
        sa.Column('automatic', sa.Boolean(), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('by', sa.String(length=64), nullable=False),
        sa.Column('reason', sa.Text(), nullable=False),
        sa.Column('version', sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_text_switches')),
    )


def downgrade() -> None:
    op.drop_table('text_switches')
    with op.batch_alter_table('audit_lots', schema=None) as batch_op:
        batch_op.drop_index('ix_audit_lots_version_answered_at')
    op.drop_table('audit_lots')
