"""reader studies: design, cases, sequences and reads."""

import sqlalchemy as sa
from alembic import op


revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('reader_studies',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('task', sa.String(length=64), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(length=64), nullable=False),
    sa.Column('source', sa.String(length=200), nullable=False),
    sa.Column('model_version', sa.String(length=64), nullable=False),
    sa.Column('model_digest', sa.String(length=64), nullable=False),
    sa.Column('threshold', sa.Float(), nullable=False),
    sa.Column('washout_days', sa.Integer(), nullable=False),
    sa.Column('seed', sa.Integer(), nullable=False),
    sa.Column('maps', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['model_version'], ['models.version'], name=op.f('fk_reader_studies_model_version_models')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reader_studies')),
    sa.UniqueConstraint('name', name=op.f('uq_reader_studies_name'))
    )
    op.create_table('crossover_cases',
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('reader_study', sa.String(length=64), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('study', sa.String(length=64), nullable=False),
    sa.Column('truth', sa.String(length=16), nullable=False),
    sa.Column('probability', sa.Float(), nullable=False),
    sa.ForeignKeyConstraint(['reader_study'], ['reader_studies.id'], name=op.f('fk_crossover_cases_reader_study_reader_studies')),
    sa.ForeignKeyConstraint(['study'], ['studies.uid'], name=op.f('fk_crossover_cases_study_studies')),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_crossover_cases')),
    sa.UniqueConstraint('reader_study', 'number', name=op.f('uq_crossover_cases_reader_study'))
    )
    with op.batch_alter_table('crossover_cases', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_crossover_cases_study'), ['study'], unique=False)
    op.create_table('reader_sequences',
    sa.Column('reader_study', sa.String(length=64), nullable=False),
    sa.Column('reader', sa.String(length=64), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('arms', sa.JSON(), nullable=False),
    sa.Column('orders', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['reader'], ['people.key'], name=op.f('fk_reader_sequences_reader_people')),
    sa.ForeignKeyConstraint(['reader_study'], ['reader_studies.id'], name=op.f('fk_reader_sequences_reader_study_reader_studies')),
    sa.PrimaryKeyConstraint('reader_study', 'reader', name=op.f('pk_reader_sequences'))
    )
    op.create_table('crossover_reads',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('reader_study', sa.String(length=64), nullable=False),
    sa.Column('case', sa.String(length=64), nullable=False),
    sa.Column('reader', sa.String(length=64), nullable=False),
    sa.Column('arm', sa.String(length=16), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('label', sa.String(length=16), nullable=False),
    sa.Column('rating', sa.Integer(), nullable=False),
    sa.Column('findings', sa.JSON(), nullable=False),
    sa.Column('seconds', sa.Float(), nullable=True),
    sa.ForeignKeyConstraint(['case'], ['crossover_cases.key'], name=op.f('fk_crossover_reads_case_crossover_cases')),
    sa.ForeignKeyConstraint(['reader_study'], ['reader_studies.id'], name=op.f('fk_crossover_reads_reader_study_reader_studies')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crossover_reads')),
    sa.UniqueConstraint('reader_study', 'reader', 'arm', 'case', name=op.f('uq_crossover_reads_reader_study'))
    )


def downgrade() -> None:
    op.drop_table('crossover_reads')
    op.drop_table('reader_sequences')
    with op.batch_alter_table('crossover_cases', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_crossover_cases_study'))
    op.drop_table('crossover_cases')
    op.drop_table('reader_studies')
