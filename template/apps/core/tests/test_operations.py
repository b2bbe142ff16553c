"""What lets the running code go on while indexes and constraints are made."""

from collections.abc import Iterator
from threading import Event

import pytest
from django.db import connection, models, transaction
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState
from django.db.utils import IntegrityError

from apps.core.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    RemoveIndexConcurrently,
    ValidateConstraint,
)
from tests.concurrency import at_once, impatient, overtake
from tests.waiting import DEADLINE_SECONDS, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

INDEX = models.Index(fields=["size"], name="core_thing_size")
POSITIVE = models.CheckConstraint(condition=models.Q(size__gt=0), name="core_thing_size_positive")


@pytest.fixture
def state() -> Iterator[ProjectState]:
    """Return a state with a model whose table is there."""
    state = ProjectState()
    state.add_model(
        ModelState("core", "Thing", [("id", models.AutoField(primary_key=True)), ("size", models.IntegerField())])
    )
    model = state.apps.get_model("core", "Thing")
    with connection.schema_editor() as editor:
        editor.create_model(model)
    yield state
    with connection.schema_editor() as editor:
        editor.delete_model(model)


def apply(operation: Operation, state: ProjectState, *, atomic: bool) -> ProjectState:
    """Apply an operation, and return the state that follows."""
    after = state.clone()
    operation.state_forwards("core", after)
    with connection.schema_editor(atomic=atomic) as editor:
        operation.database_forwards("core", editor, state, after)
    return after


def sql(statement: str) -> list[tuple[object, ...]]:
    """Run a statement, and return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def timeouts_are_as_ever() -> bool:
    """Say whether statements have the time again that they had when this connection was made."""
    return sql("SELECT bool_and(setting = reset_val) FROM pg_settings WHERE name ~ '^(statement|lock)_timeout$'") == [
        (True,)
    ]


def indexes() -> dict[object, object]:
    """Return which indexes there are, and whether each is valid."""
    return dict(
        sql(
            "SELECT relname, indisvalid FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid "  # type: ignore[arg-type]
            "WHERE indrelid = 'core_thing'::regclass AND NOT indisprimary"
        )
    )


def test_an_index_is_made_and_taken_away(state: ProjectState) -> None:
    after = apply(AddIndexConcurrently("thing", INDEX), state, atomic=False)

    assert indexes() == {INDEX.name: True}
    assert timeouts_are_as_ever()
    with connection.schema_editor(atomic=False) as editor:
        AddIndexConcurrently("thing", INDEX).database_backwards("core", editor, after, state)
    assert indexes() == {}


def test_an_index_is_taken_away_and_made_again(state: ProjectState) -> None:
    there = apply(AddIndexConcurrently("thing", INDEX), state, atomic=False)
    removal = RemoveIndexConcurrently("thing", INDEX.name)

    gone = apply(removal, there, atomic=False)

    assert indexes() == {}
    with connection.schema_editor(atomic=False) as editor:
        removal.database_backwards("core", editor, gone, there)
    assert indexes() == {INDEX.name: True}
    assert timeouts_are_as_ever()


def test_an_index_that_was_left_behind_half_made_is_made_anew(state: ProjectState) -> None:
    sql("INSERT INTO core_thing (size) VALUES (1), (1)")
    with pytest.raises(IntegrityError):
        sql("CREATE UNIQUE INDEX CONCURRENTLY core_thing_size ON core_thing (size)")
    assert indexes() == {INDEX.name: False}

    apply(AddIndexConcurrently("thing", INDEX), state, atomic=False)

    assert indexes() == {INDEX.name: True}


def test_who_writes_does_not_wait_for_an_index(state: ProjectState) -> None:
    """An index waits for whoever has written and not committed; a third writes meanwhile."""
    is_held, is_waiting, is_written = Event(), Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            sql("INSERT INTO core_thing (size) VALUES (1)")
            is_held.set()
            wait_until(lambda: builds() == ["waiting for writers before build"])
            is_waiting.set()
            is_written.wait(DEADLINE_SECONDS)

    def build() -> None:
        is_held.wait(DEADLINE_SECONDS)
        apply(AddIndexConcurrently("thing", INDEX), state, atomic=False)

    def write() -> None:
        is_waiting.wait(DEADLINE_SECONDS)
        with impatient():
            sql("INSERT INTO core_thing (size) VALUES (2)")
        is_written.set()

    at_once(hold, build, write)

    assert indexes() == {INDEX.name: True}
    assert sql("SELECT count(*) FROM core_thing") == [(2,)]


def insert() -> None:
    sql("INSERT INTO core_thing (size) VALUES (1)")


def lock() -> None:
    """Keep everybody from validating a constraint, and from nothing that requests do."""
    sql("LOCK TABLE core_thing IN SHARE UPDATE EXCLUSIVE MODE")


def has_waited_long() -> bool:
    """Say whether somebody has waited for longer than the timeouts of these tests."""
    # Within a transaction PostgreSQL remembers what it has said before.
    sql("SELECT pg_stat_clear_snapshot()")
    return bool(
        sql(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' "
            "AND clock_timestamp() - query_start > interval '150ms'"
        )
    )


@pytest.mark.parametrize("timeout", ["lock_timeout", "statement_timeout"])
def test_an_index_takes_its_time_to_come_and_to_go(state: ProjectState, timeout: str) -> None:
    operation = AddIndexConcurrently("thing", INDEX)

    def build() -> None:
        sql(f"SET {timeout} = '50ms'")
        apply(operation, state, atomic=False)

    def remove() -> None:
        sql(f"SET {timeout} = '50ms'")
        after = state.clone()
        operation.state_forwards("core", after)
        with connection.schema_editor(atomic=False) as editor:
            operation.database_backwards("core", editor, after, state)

    def remove_for_good() -> None:
        sql(f"SET {timeout} = '50ms'")
        after = state.clone()
        operation.state_forwards("core", after)
        apply(RemoveIndexConcurrently("thing", INDEX.name), after, atomic=False)

    # Each waits for whoever has written and not committed.
    for call, left in ((build, {INDEX.name: True}), (remove, {}), (build, {INDEX.name: True}), (remove_for_good, {})):
        overtake(call, hold=insert, meanwhile=lambda: wait_until(has_waited_long))
        assert indexes() == left


def test_a_constraint_takes_its_time_to_be_validated(state: ProjectState) -> None:
    after = apply(AddConstraintNotValid("thing", POSITIVE), state, atomic=True)

    def validate() -> None:
        with transaction.atomic():
            sql("SET LOCAL statement_timeout = '50ms'")
            apply(ValidateConstraint("thing", POSITIVE.name), after, atomic=True)

    overtake(validate, hold=lock, meanwhile=lambda: wait_until(has_waited_long))

    assert sql("SELECT convalidated FROM pg_constraint WHERE conname = 'core_thing_size_positive'") == [(True,)]


def test_a_constraint_holds_for_what_is_new_first_and_for_all_when_it_is_validated(state: ProjectState) -> None:
    sql("INSERT INTO core_thing (size) VALUES (-1)")

    after = apply(AddConstraintNotValid("thing", POSITIVE), state, atomic=True)

    with pytest.raises(IntegrityError):
        sql("INSERT INTO core_thing (size) VALUES (-2)")
    with pytest.raises(IntegrityError):
        apply(ValidateConstraint("thing", POSITIVE.name), after, atomic=True)
    sql("UPDATE core_thing SET size = 1")
    apply(ValidateConstraint("thing", POSITIVE.name), after, atomic=True)
    assert sql("SELECT convalidated FROM pg_constraint WHERE conname = 'core_thing_size_positive'") == [(True,)]
    assert timeouts_are_as_ever()


def builds() -> list[object]:
    """Return what each index that is being made in this database is doing."""
    # Within a transaction PostgreSQL remembers what it has said before.
    sql("SELECT pg_stat_clear_snapshot()")
    return [
        phase for (phase,) in sql("SELECT phase FROM pg_stat_progress_create_index WHERE datname = current_database()")
    ]
