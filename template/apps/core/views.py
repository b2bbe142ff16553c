"""Views that belong to no domain."""

from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import redirect
from django.templatetags.static import static
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.views import APIView


class ApiNotFoundView(APIView):
    """Answer 404, as a problem document, to any path of the API that no other route takes."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    schema = None

    def initial(self, request: HttpRequest, *args: object, **kwargs: object) -> None:
        """Refuse before the method is looked at.

        Raises:
            NotFound: Always.
        """
        hint = "" if request.path.endswith("/") else " Paths of the API end with a slash."
        raise NotFound(f"There is nothing here.{hint}")


def favicon(request: HttpRequest) -> HttpResponseRedirect:
    """Lead to the icon, which browsers look for here on behalf of any page that names none: those of the admin."""
    return redirect(static("img/favicon.svg"))
