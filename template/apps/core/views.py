"""Views that belong to no domain."""

from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import redirect
from django.templatetags.static import static
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.views import APIView


class APINotFoundView(APIView):
    """Answer 404 with a problem document to every unknown path under `/api/`, whatever the method."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    schema = None

    def initial(self, request: HttpRequest, *args: object, **kwargs: object) -> None:
        hint = "" if request.path.endswith("/") else " Paths of the API end with a slash."
        raise NotFound(f"There is nothing here.{hint}")


def favicon(request: HttpRequest) -> HttpResponseRedirect:
    """Redirect to the icon. Browsers request this path for pages that name no icon, such as those of the admin."""
    return redirect(static("img/favicon.svg"))
