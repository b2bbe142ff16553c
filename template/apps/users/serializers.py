"""Request and response bodies of the account endpoints."""

from typing import Any

from rest_framework import serializers

from apps.users.models import User, validate_ascii_email

# Hashing a very long password would be a way to overload the server.
PASSWORD_MAX_LENGTH = 256


class AddressField(serializers.EmailField):
    """An email address, normalized to lower case."""

    def __init__(self) -> None:
        super().__init__(max_length=254, validators=[validate_ascii_email])

    def to_internal_value(self, data: Any) -> str:
        """Return the address in lower case."""
        return User.objects.normalize_email(super().to_internal_value(data))


class PasswordField(serializers.CharField):
    """A password. Leading and trailing spaces count."""

    def __init__(self) -> None:
        super().__init__(
            write_only=True, trim_whitespace=False, max_length=PASSWORD_MAX_LENGTH, style={"input_type": "password"}
        )


class CredentialsSerializer(serializers.Serializer[object]):
    """An email address and a password."""

    email = AddressField()
    password = PasswordField()


class EmailSerializer(serializers.Serializer[object]):
    """The email address to write to."""

    email = AddressField()


class LinkSerializer(serializers.Serializer[object]):
    """The `token` of a link in an email."""

    token = serializers.CharField(max_length=256)


class PasswordResetSerializer(LinkSerializer):
    """The `token` of a link in an email, and the new password."""

    new_password = PasswordField()


class PasswordChangeSerializer(serializers.Serializer[object]):
    """The current and the new password."""

    current_password = PasswordField()
    new_password = PasswordField()


class RefreshSerializer(serializers.Serializer[object]):
    """A refresh token."""

    refresh = serializers.CharField(max_length=2048)


class LogoutSerializer(RefreshSerializer):
    """A refresh token, and whether to sign out every device of its user."""

    all_devices = serializers.BooleanField(default=False)


class TokenPairSerializer(serializers.Serializer[object]):
    """A new pair of tokens."""

    access = serializers.CharField()
    refresh = serializers.CharField()


class MessageSerializer(serializers.Serializer[object]):
    """One sentence for a person."""

    detail = serializers.CharField()


class MeSerializer(serializers.ModelSerializer[User]):
    """The user's own account."""

    roles = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = User
        fields = ["id", "email", "first_name", "last_name", "roles", "date_joined"]
        read_only_fields = ["id", "email", "date_joined"]
