"""Who may do what. Views combine these with `IsAuthenticated`, the default."""

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView


class IsOwner(BasePermission):
    """Only the owner of an object may touch it. `owner_field` names the attribute that holds the owner."""

    owner_field = "user"

    def has_object_permission(self, request: Request, view: APIView, obj: object) -> bool:
        return bool(getattr(obj, self.owner_field) == request.user)


class IsAdminOrReadOnly(BasePermission):
    """Anyone may read, staff may write."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method in SAFE_METHODS or request.user.is_staff


class HasRole(BasePermission):
    """The user has the role `required_role`, which is a group of that name."""

    required_role: str

    def has_permission(self, request: Request, view: APIView) -> bool:
        user = request.user
        return user.is_authenticated and user.groups.filter(name=self.required_role).exists()


class IsManager(HasRole):
    """The user is a manager."""

    required_role = "manager"
