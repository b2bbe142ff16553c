"""Routes at the paths of the default project."""

from bare import views
from django.urls import path, re_path
from rest_framework_simplejwt.views import TokenRefreshView

urlpatterns = [
    path("livez", views.live),
    path("readyz", views.live),
    path("api/v1/users/me/", views.MeView.as_view()),
    path("api/v1/catalog/products/", views.ProductListView.as_view()),
    path("api/v1/orders/", views.OrderView.as_view()),
    path("api/v1/auth/token/refresh/", TokenRefreshView.as_view()),
    re_path("^api/", views.NotFoundView.as_view()),
]
