"""candidates run in shadow: registered beforehand, ended once, their answers apart."""

import sqlalchemy as sa
from alembic import op


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('shadows',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('task', sa.String(length=64), nullable=False),
    sa.Column('candidate', sa.String(length=64), nullable=False),
    sa.Column('candidate_digest', sa.String(length=64), nullable=False),
    sa.Column('production', sa.String(length=64), nullable=False),
    sa.Column('production_digest', sa.String(length=64), nullable=False),
    sa.Column('registered_by', sa.String(length=64), nullable=False),
    sa.Column('registered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.Column('policy', sa.String(length=64), nullable=False),
    sa.Column('margins', sa.JSON(), nullable=False),
    sa.Column('studies', sa.Integer(), nullable=True),
    sa.Column('until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('compared', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['candidate'], ['models.version'], name=op.f('fk_shadows_candidate_models')),
    sa.ForeignKeyConstraint(['production'], ['models.version'], name=op.f('fk_shadows_production_models')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_shadows'))
    )
    op.create_table('shadow_ends',
    sa.Column('shadow', sa.String(length=64), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.String(length=64), nullable=False),
    sa.Column('how', sa.String(length=16), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['shadow'], ['shadows.id'], name=op.f('fk_shadow_ends_shadow_shadows')),
    sa.PrimaryKeyConstraint('shadow', name=op.f('pk_shadow_ends'))
    )
    op.create_table('shadow_answers',
    sa.Column('shadow', sa.String(length=64), nullable=False),
    sa.Column('study', sa.String(length=64), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('probability', sa.Float(), nullable=True),
    sa.Column('threshold', sa.Float(), nullable=True),
    sa.Column('label', sa.String(length=16), nullable=True),
    sa.Column('failure', sa.String(length=64), nullable=True),
    sa.ForeignKeyConstraint(['shadow'], ['shadows.id'], name=op.f('fk_shadow_answers_shadow_shadows')),
    sa.ForeignKeyConstraint(['study'], ['studies.uid'], name=op.f('fk_shadow_answers_study_studies')),
    sa.PrimaryKeyConstraint('shadow', 'study', name=op.f('pk_shadow_answers'))
    )
    with op.batch_alter_table('shadow_answers', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_shadow_answers_study'), ['study'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('shadow_answers', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_shadow_answers_study'))

    op.drop_table('shadow_answers')
    op.drop_table('shadow_ends')
    op.drop_table('shadows')
