"""Alembic's entry: runs migrations on the engine it is handed."""

from alembic import context

from overread.store.tables.catalogue import metadata


def run() -> None:
    """Run the asked migrations in one transaction."""
    engine = context.config.attributes["engine"]
    with engine.begin() as connection:
        context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
        with context.begin_transaction():
            context.run_migrations()


run()
