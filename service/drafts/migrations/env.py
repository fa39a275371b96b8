"""How alembic reaches the database: on the connection that `database.py` hands over."""

from __future__ import annotations

from alembic import context

from service.drafts.rows import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite cannot alter a table in place
)
# PostgreSQL: two processes that start at once must not both migrate.
if context.get_context().dialect.name == "postgresql":
    context.execute("SELECT pg_advisory_xact_lock(1680172148)")
with context.begin_transaction():
    context.run_migrations()
