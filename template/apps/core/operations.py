"""Operations of migrations that let the running code go on, on PostgreSQL: none holds a lock while it reads a table.

On SQLite, where everybody waits for whoever writes, each does what Django's own does.

Sources: https://docs.djangoproject.com/en/stable/ref/contrib/postgres/operations/#concurrent-index-operations,
https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.postgres import operations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import AddConstraint, AddIndex, RemoveIndex
from django.db.migrations.state import ProjectState


def _is_postgresql(schema_editor: BaseDatabaseSchemaEditor) -> bool:
    return schema_editor.connection.vendor == "postgresql"


@contextmanager
def _no_timeouts(schema_editor: BaseDatabaseSchemaEditor) -> Iterator[None]:
    """Let statements take their time, outside of a transaction.

    To make an index reads all of the table, and to take one away waits for who was there before as well: both take
    longer than a request may.
    """
    schema_editor.execute("SET statement_timeout = 0")
    schema_editor.execute("SET lock_timeout = 0")
    try:
        yield
    finally:
        schema_editor.execute("RESET statement_timeout")
        schema_editor.execute("RESET lock_timeout")


class AddIndexConcurrently(operations.AddIndexConcurrently):
    """Makes an index while others write. In a migration with `atomic = False`, and but for indexes nothing else.

    A build that fails leaves an index that nothing uses; running the migration again replaces it.
    """

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if not _is_postgresql(schema_editor):
            AddIndex.database_forwards(self, app_label, schema_editor, from_state, to_state)
            return
        with _no_timeouts(schema_editor):
            schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {schema_editor.quote_name(self.index.name)}")
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if not _is_postgresql(schema_editor):
            AddIndex.database_backwards(self, app_label, schema_editor, from_state, to_state)
            return
        with _no_timeouts(schema_editor):
            super().database_backwards(app_label, schema_editor, from_state, to_state)


class RemoveIndexConcurrently(operations.RemoveIndexConcurrently):
    """Takes an index away while others write. In a migration with `atomic = False`, and but for indexes nothing else."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if not _is_postgresql(schema_editor):
            RemoveIndex.database_forwards(self, app_label, schema_editor, from_state, to_state)
            return
        with _no_timeouts(schema_editor):
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        index = to_state.models[app_label, self.model_name_lower].get_index_by_name(self.name)
        AddIndexConcurrently(self.model_name, index).database_forwards(app_label, schema_editor, from_state, to_state)


class AddConstraintNotValid(operations.AddConstraintNotValid):
    """Makes a check that new and changed rows must pass, without looking at those that are there."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if _is_postgresql(schema_editor):
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        else:
            AddConstraint.database_forwards(self, app_label, schema_editor, from_state, to_state)


class ValidateConstraint(operations.ValidateConstraint):
    """Looks at the rows that were there before the check. In a migration of its own: others write meanwhile."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if _is_postgresql(schema_editor):
            # Until the end of the transaction: it reads all of the table.
            schema_editor.execute("SET LOCAL statement_timeout = 0")
            super().database_forwards(app_label, schema_editor, from_state, to_state)
