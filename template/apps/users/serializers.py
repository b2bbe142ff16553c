"""What the account endpoints take and give."""

from typing import Any

from rest_framework import serializers

from apps.core.serializers import BooleanField, EmailField, ModelSerializer, TextField
from apps.users.addresses import validate_plain_address
from apps.users.models import User
from apps.users.selectors import user_roles

# More would only keep the hasher busy.
PASSWORD_MAX_LENGTH = 256


class AddressField(EmailField):
    """An address, as it is stored: in lower case."""

    def __init__(self) -> None:
        super().__init__(max_length=254, validators=[validate_plain_address])

    def to_internal_value(self, data: Any) -> str:
        """Return the address in lower case."""
        return User.objects.normalize_email(super().to_internal_value(data))


class PasswordField(TextField):
    """A password. Spaces at its ends belong to it."""

    def __init__(self) -> None:
        super().__init__(
            write_only=True, trim_whitespace=False, max_length=PASSWORD_MAX_LENGTH, style={"input_type": "password"}
        )


class CredentialsSerializer(serializers.Serializer[object]):
    """An address and a password."""

    email = AddressField()
    password = PasswordField()


class EmailSerializer(serializers.Serializer[object]):
    """An address that a mail goes to."""

    email = AddressField()


class LinkSerializer(serializers.Serializer[object]):
    """What a link in a mail carries as `token`."""

    token = TextField(max_length=256)


class PasswordResetSerializer(LinkSerializer):
    """What a link carries, and the password to have from now on."""

    new_password = PasswordField()


class PasswordChangeSerializer(serializers.Serializer[object]):
    """The password that is, and the one to have from now on."""

    current_password = PasswordField()
    new_password = PasswordField()


class RefreshSerializer(serializers.Serializer[object]):
    """A refresh token."""

    refresh = TextField(max_length=2048)


class LogoutSerializer(RefreshSerializer):
    """A refresh token, and whether to sign out its device alone or all."""

    all_devices = BooleanField(default=False)


class TokenPairSerializer(serializers.Serializer[object]):
    """A new pair of tokens."""

    access = serializers.CharField()
    refresh = serializers.CharField()


class MessageSerializer(serializers.Serializer[object]):
    """One sentence for a person."""

    detail = serializers.CharField()


class MeSerializer(ModelSerializer[User]):
    """The account of the caller."""

    roles = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = ["id", "email", "first_name", "last_name", "roles", "date_joined"]
        read_only_fields = ["id", "email", "date_joined"]

    def get_roles(self, user: User) -> list[str]:
        """Return the names of the roles, sorted."""
        return user_roles(user=user)
