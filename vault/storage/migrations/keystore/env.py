"""Alembic's door: runs on the connection that `vault.storage.migrate` hands over."""

from alembic import context

from vault.storage.migrate import VERSION_TABLE
from vault.storage.tables import keys, main

connection = context.config.attributes["connection"]
which = context.config.attributes["which"]
context.configure(
    connection=connection,
    target_metadata=main if which == "main" else keys,
    version_table=VERSION_TABLE[which],
    render_as_batch=True,
    include_schemas=connection.dialect.name != "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
