"""Services for registrations, profiles, passwords and roles. Signing in and out is in `sessions.py`."""

import structlog
from axes.utils import reset as reset_failed_sign_ins
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.core.exceptions import InvalidTokenError
from apps.core.idempotency import idempotency_keys_clear
from apps.mail.services import mail_send
from apps.users.email_tokens import (
    InvalidLinkError,
    password_reset_link,
    read_password_reset_token,
    read_registration_token,
    registration_link,
)
from apps.users.models import Registration, User, UserSession
from apps.users.roles import role_names
from apps.users.sessions import TokenPair, session_start, sessions_revoke

log = structlog.get_logger(__name__)


@transaction.atomic
def registration_create(*, email: str, password: str) -> None:
    """Store a registration, and email a link that creates the account.

    Responses must not reveal, by content or by timing, whether an email address is registered. So an address with an
    active account gets a different email, after the same work.

    Raises:
        ValidationError: The password is too weak.
    """
    _validate_password("password", password, User(email=email))
    registration = Registration.objects.create(email=email, password=make_password(password))
    _send_registration_email(email, registration)


@transaction.atomic
def registration_resend(*, email: str) -> None:
    """Send the link of a registration again.

    If no registration or several are pending, the email asks to register again. An address with an active account gets an
    email that says so.
    """
    since = timezone.now() - settings.EMAIL_VERIFICATION_TIMEOUT
    pending = list(Registration.objects.filter(email=email, created_at__gte=since)[:2])
    _send_registration_email(email, pending[0] if len(pending) == 1 else None)


@transaction.atomic
def registration_confirm(*, token: str) -> User:
    """Create and return the account of a registration. Other registrations of the email address are deleted.

    Raises:
        InvalidLinkError: The link is invalid, expired or already used, or the address has an account by now.
    """
    registration = Registration.objects.filter(pk=read_registration_token(token)).first()
    if registration is None:
        raise InvalidLinkError
    # Lock all registrations of the address in the order of their keys, so that concurrent calls cannot deadlock.
    pending = Registration.objects.select_for_update().filter(email=registration.email).order_by("pk")
    if registration not in list(pending):
        raise InvalidLinkError
    user = User(email=registration.email, password=registration.password)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        raise InvalidLinkError from error
    Registration.objects.filter(email=registration.email).delete()
    log.info("user_registered", new_user_id=str(user.pk))
    return user


def user_welcome(*, user: User) -> None:
    """Welcome a user whose account was created in the admin, by a link to choose a password."""
    context = {"name": user.get_full_name() or user.email, **_reset_context(user)}
    mail_send(recipient=user.email, template="welcome", context=context)


@transaction.atomic
def user_update(*, user: User, first_name: str | None = None, last_name: str | None = None) -> User:
    """Change the names of a user, and return the user. None leaves a field as it is.

    Raises:
        InvalidTokenError: The account was deleted or deactivated.
    """
    user = _lock(user)
    changes = {"first_name": first_name, "last_name": last_name}
    changed = [name for name, value in changes.items() if value is not None and value != getattr(user, name)]
    for name in changed:
        setattr(user, name, changes[name])
    if changed:
        user.save(update_fields=changed)
    return user


@transaction.atomic
def user_delete(*, user: User) -> None:
    """Delete an account: revoke its sessions, free its email address and erase its personal data. Idempotent.

    The row stays, soft-deleted, for the foreign keys that point to it.
    """
    user = User.all_objects.select_for_update(no_key=True).get(pk=user.pk)
    if user.is_deleted:
        return
    Registration.objects.filter(email=user.email).delete()
    sessions_revoke(user=user)
    # The top-level domain `invalid` is reserved: RFC 2606, section 2.
    user.email = f"{user.pk}@deleted.invalid"
    user.first_name = user.last_name = ""
    user.is_active = user.is_staff = user.is_superuser = False
    user.set_unusable_password()
    user.save()
    user.soft_delete()
    user.groups.clear()
    user.user_permissions.clear()
    log.info("user_deleted", deleted_user_id=str(user.pk))


@transaction.atomic
def password_change(*, user: User, current_password: str, new_password: str) -> TokenPair:
    """Change a password, revoke every session, and return the tokens of a new session.

    Raises:
        ValidationError: The current password is wrong, or the new one is too weak.
        InvalidTokenError: The account was deleted or deactivated.
    """
    user = _lock(user)
    if not user.check_password(current_password):
        raise ValidationError({"current_password": ValidationError("This is not your password.", code="wrong")})
    _set_password(user, new_password)
    return session_start(user=user)


@transaction.atomic
def password_reset_request(*, email: str) -> None:
    """Email a link to choose a new password.

    An address without an account gets an email that says so, after the same work (see `registration_create`).
    """
    user = User.objects.filter(email=email, is_active=True).first()
    context = _reset_context(user or User(email=email))
    mail_send(recipient=email, template="password_reset" if user else "no_account", context=context)


@transaction.atomic
def password_reset_confirm(*, token: str, new_password: str) -> None:
    """Set a new password by the token of a link, revoke every session, and end a lockout of the account.

    Raises:
        InvalidLinkError: The link is invalid, expired or already used.
        ValidationError: The password is too weak. The link stays valid.
    """
    user = read_password_reset_token(token)
    _set_password(user, new_password)
    reset_failed_sign_ins(username=user.email)


@transaction.atomic
def role_assign(*, user: User, role: str) -> None:
    """Give a user a role. Idempotent.

    Raises:
        ValueError: There is no such role.
    """
    if role not in role_names():
        raise ValueError(f"There is no role {role!r}: add it to PROJECT_ROLES.")
    group, _ = Group.objects.get_or_create(name=str(role))
    user.groups.add(group)


def clear_expired() -> None:
    """Delete expired sessions, registrations and idempotency keys. Idempotent."""
    now = timezone.now()
    call_command("clearsessions")
    UserSession.objects.filter(expires_at__lt=now).delete()
    idempotency_keys_clear()
    # Two lifetimes: a link that is sent again just before the first link expires is valid for another lifetime.
    Registration.objects.filter(created_at__lt=now - 2 * settings.EMAIL_VERIFICATION_TIMEOUT).delete()


def _lock(user: User) -> User:
    current = User.objects.lock_active(user.pk)
    if current is None:
        raise InvalidTokenError("The session has ended: sign in again.")
    return current


def _send_registration_email(email: str, registration: Registration | None) -> None:
    if user := User.objects.filter(email=email, is_active=True).first():
        mail_send(recipient=email, template="account_exists", context=_reset_context(user))
    elif registration:
        context = {
            "link": registration_link(registration),
            "hours": settings.EMAIL_VERIFICATION_TIMEOUT.total_seconds() / 3600,
            "registered_at": f"{registration.created_at:%Y-%m-%d %H:%M} UTC",
        }
        mail_send(recipient=email, template="verify_email", context=context)
    else:
        mail_send(recipient=email, template="register_again", context={})


def _reset_context(user: User) -> dict[str, object]:
    return {"link": password_reset_link(user), "hours": settings.PASSWORD_RESET_TIMEOUT / 3600}


def _set_password(user: User, password: str) -> None:
    _validate_password("new_password", password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    sessions_revoke(user=user)
    mail_send(recipient=user.email, template="password_changed", context={})
    log.info("password_changed", changed_user_id=str(user.pk))


def _validate_password(field: str, password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise ValidationError({field: error}) from error
