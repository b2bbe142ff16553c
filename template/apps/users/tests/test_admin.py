import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks
from zeal import zeal_ignore

from apps.users.models import User
from apps.users.roles import Role
from apps.users.tests.factories import PASSWORD, UserFactory


@pytest.fixture
def admin(client: Client, db: None) -> Client:
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    return client


def test_new_user_gets_a_welcome_email(
    admin: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    form = {"email": "New@example.com", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}

    with django_capture_on_commit_callbacks(execute=True):
        response = admin.post(reverse("admin:users_user_add"), form)

    assert response.status_code == 302
    assert User.objects.get(email="new@example.com").check_password(PASSWORD)
    assert [message.to for message in mail.outbox] == [["new@example.com"]]


def test_changed_user_gets_a_role_and_no_email(
    admin: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    user = UserFactory.create()
    manager = Group.objects.get(name=Role.MANAGER)
    form = {"email": user.email, "first_name": "Grace", "groups": [manager.pk], "is_active": "on"}
    dates = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}

    with zeal_ignore(), django_capture_on_commit_callbacks(execute=True):
        response = admin.post(reverse("admin:users_user_change", args=[user.pk]), {**form, **dates})

    assert response.status_code == 302
    user.refresh_from_db()
    assert user.first_name == "Grace"
    assert list(user.groups.all()) == [manager]
    assert mail.outbox == []


def test_delete_soft_deletes_one_or_several_users(admin: Client) -> None:
    ids = [UserFactory.create().pk for _ in range(3)]
    with zeal_ignore():
        admin.post(reverse("admin:users_user_delete", args=[ids[0]]), {"post": "yes"})
        selected = {"action": "delete_selected", "_selected_action": ids[1:], "post": "yes"}
        admin.post(reverse("admin:users_user_changelist"), selected)

    assert not User.objects.filter(pk__in=ids).exists()
    assert User.all_objects.filter(pk__in=ids, is_deleted=True).count() == 3
