"""Permissions. The `permission_classes` of a view replace the default, `IsAuthenticated`: name it too where it is needed."""

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView


class IsOwner(BasePermission):
    """Allow only the owner of an object. `owner_field` is the attribute that holds the owner."""

    owner_field = "user"

    def has_object_permission(self, request: Request, view: APIView, obj: object) -> bool:
        return bool(getattr(obj, self.owner_field) == request.user)


class IsAdminOrReadOnly(BasePermission):
    """Allow everyone to read, and staff to write."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method in SAFE_METHODS or request.user.is_staff


class HasRole(BasePermission):
    """Allow users with the role `required_role`, which is a group of that name."""

    required_role: str

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.user.is_authenticated and request.user.groups.filter(name=self.required_role).exists()


class IsManager(HasRole):
    """Allow managers."""

    required_role = "manager"
