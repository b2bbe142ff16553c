"""Changing accounts: registering, passwords, roles, leaving. Signing in and out is in `sessions.py`."""

import structlog
from axes.utils import reset as reset_failed_sign_ins
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, IntegrityError, transaction
from django.utils import timezone

from apps.core.exceptions import InvalidTokenError
from apps.core.idempotency import idempotency_keys_clear
from apps.mail.services import mail_send
from apps.users.links import (
    REGISTRATION_AGE,
    InvalidLinkError,
    password_reset_link,
    password_reset_user,
    registration_link,
    registration_of,
)
from apps.users.models import Registration, User
from apps.users.roles import Role
from apps.users.sessions import TokenPair, session_start, sessions_end

log = structlog.get_logger(__name__)


@transaction.atomic
def registration_create(*, email: str, password: str) -> None:
    """Mail a link that makes an account of an address and a password.

    An address that has an account gets another mail, after exactly the same work: nobody learns from the answer, nor
    from how long it takes, who has an account here.

    Raises:
        ValidationError: The password is too weak.
    """
    _check_password("password", password, User(email=email))
    registration = Registration.objects.create(email=email, password=make_password(password))
    _mail_link(email, registration)


@transaction.atomic
def registration_remind(*, email: str) -> None:
    """Mail the link once more.

    Only where one registration waits: of several, nobody can say whose is meant, so the mail asks for a new one.
    """
    since = timezone.now() - REGISTRATION_AGE
    waiting = list(Registration.objects.filter(email=email, created_at__gte=since)[:2])
    _mail_link(email, waiting[0] if len(waiting) == 1 else None)


@transaction.atomic
def registration_confirm(*, token: str) -> User:
    """Return the account that a link makes. Every other registration of its address ends.

    Raises:
        InvalidLinkError: The link is wrong, expired or used, or its address has an account by now.
    """
    registration = Registration.objects.filter(pk=registration_of(token)).first()
    if registration is None:
        raise InvalidLinkError
    # All of the address, and in one order: links of one address that are used at once wait for each other.
    waiting = Registration.objects.select_for_update().filter(email=registration.email).order_by("pk")
    if registration not in list(waiting):
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
    """Tell someone by mail that an account was made for them."""
    context = {"name": user.get_full_name() or user.email, "link": password_reset_link(user)}
    mail_send(recipient=user.email, template="welcome", context=context)


@transaction.atomic
def user_update(*, user: User, first_name: str | None = None, last_name: str | None = None) -> User:
    """Change what a user may change of themselves, and return the user. None leaves a field alone.

    Raises:
        InvalidTokenError: The account is gone by now.
    """
    user = _locked(user)
    changes = {"first_name": first_name, "last_name": last_name}
    changed = [name for name, value in changes.items() if value is not None and value != getattr(user, name)]
    for name in changed:
        setattr(user, name, changes[name])
    if changed:
        user.save(update_fields=changed)
    return user


@transaction.atomic
def user_delete(*, user: User) -> None:
    """Take an account away: the address is free again, every session ends, and nothing says who it was.

    The row stays, for what points at it. Deleting twice changes nothing.
    """
    user = User.all_objects.select_for_update(no_key=True).get(pk=user.pk)
    if user.is_deleted:
        return
    Registration.objects.filter(email=user.email).delete()
    # A top-level name that nobody can have (RFC 2606, section 2).
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
    """Change a password, end every session, and return the tokens of a new one.

    Raises:
        ValidationError: The current password is wrong, or the new one too weak.
        InvalidTokenError: The account is gone by now.
    """
    user = _locked(user)
    if not user.check_password(current_password):
        raise ValidationError({"current_password": ValidationError("This is not your password.", code="wrong")})
    _set_password(user, new_password)
    return session_start(user=user)


@transaction.atomic
def password_reset_request(*, email: str) -> None:
    """Mail a link that lets its reader choose a new password.

    An address without an account gets a mail that says so, after the same work (see `registration_create`).
    """
    user = User.objects.filter(email=email, is_active=True).first()
    link = password_reset_link(user or User(email=email))
    mail_send(recipient=email, template="password_reset" if user else "no_account", context={"link": link})


@transaction.atomic
def password_reset_confirm(*, token: str, new_password: str) -> None:
    """Change the password that a link is for, and end every session.

    Raises:
        InvalidLinkError: The link is wrong, expired or used.
        ValidationError: The password is too weak. The link can be used again.
    """
    user = password_reset_user(token)
    _set_password(user, new_password)
    # Whoever reads the mail of the account is no stranger who guesses.
    reset_failed_sign_ins(username=user.email)


def roles_create(*, using: str = DEFAULT_DB_ALIAS) -> None:
    """Make a group for each role, so that the admin can give it. What is there stays as it is."""
    Group.objects.using(using).bulk_create([Group(name=role.value) for role in Role], ignore_conflicts=True)


@transaction.atomic
def role_assign(*, user: User, role: Role) -> None:
    """Give a user a role. Giving it twice changes nothing."""
    group, _ = Group.objects.get_or_create(name=role.value)
    user.groups.add(group)


def clear_expired() -> None:
    """Delete expired sessions, tokens, registrations and idempotency keys. Running it again changes nothing."""
    call_command("clearsessions")
    call_command("flushexpiredtokens")
    idempotency_keys_clear()
    # A link that was mailed again is good for a day from then.
    Registration.objects.filter(created_at__lt=timezone.now() - 2 * REGISTRATION_AGE).delete()


def _locked(user: User) -> User:
    """Return a user as they are now, locked until the transaction ends: nobody else changes or deletes them."""
    current = User.objects.locked(user.pk)
    if current is None:
        raise InvalidTokenError("The session has ended: sign in again.")
    return current


def _mail_link(email: str, registration: Registration | None) -> None:
    """Mail whoever reads an address the link that gets them on: into their account, to a new one, or none."""
    if user := User.objects.filter(email=email, is_active=True).first():
        mail_send(recipient=email, template="account_exists", context={"link": password_reset_link(user)})
    elif registration:
        # When it was, so that its reader can tell whether it was them.
        context = {"link": registration_link(registration), "time": f"{registration.created_at:%Y-%m-%d %H:%M} UTC"}
        mail_send(recipient=email, template="verify_email", context=context)
    else:
        mail_send(recipient=email, template="register_again", context={})


def _set_password(user: User, password: str) -> None:
    _check_password("new_password", password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    sessions_end(user=user)
    mail_send(recipient=user.email, template="password_changed", context={})
    log.info("password_changed", changed_user_id=str(user.pk))


def _check_password(field: str, password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise ValidationError({field: error}) from error
