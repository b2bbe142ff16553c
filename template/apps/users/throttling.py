"""Throttling of emails by recipient."""

from hashlib import sha256

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from apps.users.models import User


class EmailThrottle(SimpleRateThrottle):
    """Rate `mail`, per email address in the body: nobody can flood a mailbox, from however many clients."""

    scope = "mail"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        """Return the cache key of the address, or None if the body has none."""
        email = request.data.get("email") if isinstance(request.data, dict) else None
        if not isinstance(email, str):
            return None
        ident = sha256(User.objects.normalize_email(email).encode(errors="replace")).hexdigest()
        return self.cache_format % {"scope": self.scope, "ident": ident}
