"""How often one may cause mail."""

from hashlib import sha256

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from apps.users.models import User


class MailThrottle(SimpleRateThrottle):
    """Rate `mail`, for each address that a request names: nobody's mailbox is filled, from however many clients."""

    scope = "mail"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        """Return what to count under, None where the body names no address."""
        email = request.data.get("email") if isinstance(request.data, dict) else None
        if not isinstance(email, str):
            return None
        ident = sha256(User.objects.normalize_email(email).encode(errors="replace")).hexdigest()
        return self.cache_format % {"scope": self.scope, "ident": ident}
