"""Routes of the account endpoints, under `/api/v1/`."""

from django.urls import path

from apps.users.views import LogoutView, MeView, TokenRefreshView, TokenView

app_name = "users"

urlpatterns = [
    path("auth/token/", TokenView.as_view(), name="token"),
    path("auth/token/refresh/", TokenRefreshView.as_view(), name="token-refresh"),
    path("auth/logout/", LogoutView.as_view(), name="logout"),
    path("users/me/", MeView.as_view(), name="me"),
]
