"""the first answer on each study stands by itself, for what counts answers by day and scanner."""

import sqlalchemy as sa
from alembic import op


revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

_WAITED = {
    'sqlite': "(julianday(ranked.made_at) - julianday(studies.received_at)) * 86400",
    'postgresql': "extract(epoch FROM ranked.made_at - studies.received_at)",
}

def upgrade() -> None:
    op.create_table(
        'first_answers',
        sa.Column('study', sa.String(length=64), nullable=False),
        sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('waited', sa.Float(), nullable=False),
        sa.Column('label', sa.String(length=16), nullable=False),
        sa.Column('probability', sa.Float(), nullable=False),
        sa.Column('manufacturer', sa.Text(), nullable=False),
        sa.Column('model', sa.Text(), nullable=False),
        sa.Column('station', sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(['study'], ['studies.uid'], name=op.f('fk_first_answers_study_studies')),
        sa.PrimaryKeyConstraint('study', name=op.f('pk_first_answers')),
    )
    op.create_index(
        'ix_first_answers_made_at',
        'first_answers',
        ['made_at', 'study', 'waited', 'label', 'probability', 'manufacturer', 'model', 'station'],
    )
    op.execute(f"""
        INSERT INTO first_answers (study, made_at, waited, label, probability, manufacturer, model, station)
        SELECT study, made_at, {_WAITED[op.get_bind().dialect.name]}, ranked.label, ranked.probability,
               coalesce(acquisition ->> 'manufacturer', ''), coalesce(acquisition ->> 'model', ''),
               coalesce(acquisition ->> 'station', '')
        FROM (
            SELECT study, made_at, label, probability,
                   row_number() OVER (PARTITION BY study ORDER BY made_at, model_version) AS place
            FROM predictions
        ) AS ranked
        JOIN studies ON studies.uid = ranked.study
        WHERE place = 1
    """)


def downgrade() -> None:
    op.drop_index('ix_first_answers_made_at', 'first_answers')
    op.drop_table('first_answers')
