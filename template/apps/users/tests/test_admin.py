import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks
from zeal import zeal_ignore

from apps.users.models import User
from apps.users.roles import Role
from apps.users.selectors import user_roles
from apps.users.tests.factories import PASSWORD as USUAL_PASSWORD
from apps.users.tests.factories import UserFactory

PASSWORD = "a long enough password"


@pytest.fixture
def admin(client: Client, db: None) -> Client:
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    return client


def test_a_user_who_is_added_is_welcomed(
    admin: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    form = {"email": "New@example.com", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}

    with django_capture_on_commit_callbacks(execute=True):
        response = admin.post(reverse("admin:users_user_add"), form)

    assert response.status_code == 302
    assert User.objects.get(email="new@example.com").check_password(PASSWORD)
    assert [message.to for message in mail.outbox] == [["new@example.com"]]


def test_a_user_who_is_changed_is_not(
    admin: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    user = UserFactory.create()
    form = {"email": user.email, "first_name": "Grace", "date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}

    # The admin reads two users, who signed in and who is changed, and that is not one too many.
    with zeal_ignore(), django_capture_on_commit_callbacks(execute=True):
        response = admin.post(reverse("admin:users_user_change", args=[user.pk]), form)

    assert response.status_code == 302
    user.refresh_from_db()
    assert user.first_name == "Grace"
    assert mail.outbox == []


def test_roles_are_there_to_be_given(admin: Client) -> None:
    user = UserFactory.create()
    form = {"email": user.email, "groups": [Group.objects.get(name=Role.MANAGER).pk], "is_active": "on"}
    dates = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}

    with zeal_ignore():
        response = admin.post(reverse("admin:users_user_change", args=[user.pk]), {**form, **dates})

    assert response.status_code == 302
    assert user_roles(user=user) == ["manager"]


def test_who_is_deleted_leaves_a_row_behind_and_is_seen_no_more(admin: Client) -> None:
    users = [UserFactory.create() for _ in range(3)]
    with zeal_ignore():
        admin.post(reverse("admin:users_user_delete", args=[users[0].pk]), {"post": "yes"})
        ticked = {"action": "delete_selected", "_selected_action": [user.pk for user in users[1:]], "post": "yes"}
        admin.post(reverse("admin:users_user_changelist"), ticked)

    assert not User.objects.filter(pk__in=[user.pk for user in users]).exists()
    assert User.all_objects.filter(pk__in=[user.pk for user in users], is_deleted=True).count() == 3


def test_users_are_listed_and_searched(admin: Client) -> None:
    UserFactory.create(email="ada@example.com")
    UserFactory.create(email="grace@example.com")

    page = admin.get(reverse("admin:users_user_changelist"), {"q": "grace"}).content.decode()

    assert "grace@example.com" in page
    assert "ada@example.com" not in page


def test_tokens_cannot_be_looked_at(admin: Client) -> None:
    page = admin.get(reverse("admin:index")).content.decode()

    assert "/users/user/" in page
    assert "token" not in page.replace("csrfmiddlewaretoken", "")
    assert "mail/" not in page


def test_the_admin_is_closed_to_those_who_are_not_staff(client: Client, user: User) -> None:
    client.force_login(user)

    assert client.get(reverse("admin:index")).status_code == 302


@pytest.mark.django_db
def test_the_cookie_of_a_session_does_not_come_from_other_sites_and_no_script_reads_it(client: Client) -> None:
    staff = UserFactory.create(is_staff=True)

    client.post(reverse("admin:login"), {"username": staff.email, "password": USUAL_PASSWORD})

    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    assert (cookie["samesite"], cookie["httponly"]) == ("Lax", True)
