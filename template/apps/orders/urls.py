"""Routes of orders, under `/api/v1/orders/`."""

from rest_framework.routers import SimpleRouter

from apps.orders.views import OrderViewSet

app_name = "orders"

router = SimpleRouter(use_regex_path=False)
router.register("", OrderViewSet, basename="order")

urlpatterns = router.urls
