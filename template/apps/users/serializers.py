"""What the account endpoints take and give."""

from rest_framework import serializers
from rest_framework_simplejwt.serializers import TokenObtainPairSerializer

from apps.users.models import User
from apps.users.selectors import user_roles


class CredentialsSerializer(TokenObtainPairSerializer):
    """An address and a password, for a pair of tokens."""

    access = serializers.CharField(read_only=True)
    refresh = serializers.CharField(read_only=True)

    def validate_email(self, value: str) -> str:
        """Return the address as it is stored."""
        return User.objects.normalize_email(value)


class RefreshSerializer(serializers.Serializer[object]):
    """A refresh token."""

    refresh = serializers.CharField()


class TokenPairSerializer(serializers.Serializer[object]):
    """A new pair of tokens."""

    access = serializers.CharField()
    refresh = serializers.CharField()


class MeSerializer(serializers.ModelSerializer[User]):
    """The account of the caller."""

    roles = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = ["id", "email", "first_name", "last_name", "roles", "date_joined"]
        read_only_fields = ["id", "email", "date_joined"]

    def get_roles(self, user: User) -> list[str]:
        """Return the names of the roles, sorted."""
        return user_roles(user=user)
