import pytest
import time_machine
from django.db import IntegrityError, connection
from django.test.utils import isolate_apps

from apps.core.models import SoftDeleteModel, TimeStampedModel, UUIDModel, generate_id

with isolate_apps("apps.core"):

    class Note(UUIDModel, TimeStampedModel, SoftDeleteModel):
        """A model with all three abstract base models."""

        class Meta(SoftDeleteModel.Meta):
            app_label = "core"


@pytest.fixture
def _notes(db: None) -> None:
    """Create the table in the transaction of the test."""
    with connection.schema_editor() as editor:
        editor.create_model(Note)


pytestmark = pytest.mark.usefixtures("_notes")


def test_generated_ids_sort_by_creation() -> None:
    ids = [generate_id() for _ in range(1000)]

    assert ids == sorted(ids)
    assert len(set(ids)) == 1000
    assert {one.version for one in ids} == {7}


def test_timestamps_hold_creation_and_last_save() -> None:
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False):
        note = Note.objects.create()
    with time_machine.travel("2026-01-02T00:00:00Z", tick=False):
        note.save()

    note.refresh_from_db()
    assert (note.created_at.day, note.updated_at.day) == (1, 2)


class TestSoftDelete:
    def test_soft_delete_hides_the_row_and_keeps_it(self) -> None:
        note = Note.objects.create()

        note.soft_delete()

        assert not Note.objects.exists()
        assert Note.all_objects.get() == note
        assert Note.all_objects.get().deleted_at is not None

    def test_second_soft_delete_keeps_the_time_of_the_first(self) -> None:
        note = Note.objects.create()
        note.soft_delete()
        first = note.deleted_at

        note.soft_delete()

        assert note.deleted_at == first

    def test_restore_undoes_soft_delete(self) -> None:
        note = Note.objects.create()
        note.soft_delete()

        note.restore()

        assert Note.objects.get().deleted_at is None

    def test_database_refuses_deleted_row_without_time(self) -> None:
        Note.objects.create()

        with pytest.raises(IntegrityError, match="core_note_deleted_has_time"):
            Note.objects.update(is_deleted=True)
