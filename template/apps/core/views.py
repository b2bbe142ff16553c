"""Views that belong to no domain."""

from django.http import Http404, HttpRequest
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
            Http404: Always.
        """
        raise Http404
