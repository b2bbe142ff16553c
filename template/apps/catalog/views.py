"""HTTP for the catalog: reads a request, calls a service or selector, gives a response."""

from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from apps.catalog import selectors, serializers, services
from apps.catalog.caches import PRODUCTS, PRODUCTS_SECONDS
from apps.catalog.filters import ProductFilter
from apps.catalog.models import Product
from apps.core.caching import cached
from apps.core.exceptions.openapi import problems
from apps.core.pagination import StandardCursorPagination
from apps.core.permissions import IsAdminOrReadOnly, IsManager

# The list is the same for everybody, so that whoever asks, and whatever stands between, may keep it for a minute. What was
# changed meanwhile they do not learn: nobody can call such a copy back.
SHARED_FOR_A_MINUTE = {"Cache-Control": "public, max-age=60"}

# A token is looked at where one is sent, and a bad one refused.
# (Its type is narrower than what `extend_schema` does.)
OPEN: Any = [{"jwtAuth": []}, {}]


class ProductViewSet(GenericViewSet[Product]):
    """Products."""

    permission_classes = (IsAdminOrReadOnly,)
    filterset_class = ProductFilter
    # What is no id is no path.
    lookup_value_converter = "uuid"
    serializer_class = serializers.ProductListSerializer

    def get_queryset(self) -> QuerySet[Product]:
        return selectors.product_list()

    @extend_schema(
        auth=OPEN,
        responses={
            status.HTTP_200_OK: serializers.ProductListSerializer(many=True),
            **problems(status.HTTP_401_UNAUTHORIZED, status.HTTP_404_NOT_FOUND),
        },
    )
    def list(self, request: Request) -> Response:
        """What is on sale, newest first. A change shows within a minute, since an answer may be kept for that long."""
        address = self._address()
        page = cached(PRODUCTS, key=address, timeout=PRODUCTS_SECONDS, compute=lambda: self._page(address))
        return Response(page, headers=SHARED_FOR_A_MINUTE)

    @extend_schema(
        request=serializers.ProductCreateSerializer,
        responses={
            status.HTTP_201_CREATED: serializers.ProductDetailSerializer,
            **problems(status.HTTP_403_FORBIDDEN, status.HTTP_409_CONFLICT),
        },
    )
    def create(self, request: Request) -> Response:
        """Add a product. For staff."""
        serializer = serializers.ProductCreateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        product = services.product_create(**serializer.validated_data)
        return Response(serializers.ProductDetailSerializer(product).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        auth=OPEN,
        responses={
            status.HTTP_200_OK: serializers.ProductDetailSerializer,
            **problems(status.HTTP_401_UNAUTHORIZED),
        },
    )
    def retrieve(self, request: Request, pk: UUID) -> Response:
        """One product. What is off sale, staff alone gets."""
        product = selectors.product_get(product_id=pk, is_staff=request.user.is_staff)
        return Response(serializers.ProductDetailSerializer(product).data)

    @extend_schema(
        request=serializers.ProductUpdateSerializer,
        responses={
            status.HTTP_200_OK: serializers.ProductDetailSerializer,
            **problems(status.HTTP_403_FORBIDDEN),
        },
    )
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Change a product. For staff."""
        serializer = serializers.ProductUpdateSerializer(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        services.product_update(product_id=pk, **serializer.validated_data)
        product = selectors.product_get(product_id=pk, is_staff=True)
        return Response(serializers.ProductDetailSerializer(product).data)

    @extend_schema(responses={status.HTTP_204_NO_CONTENT: None, **problems(status.HTTP_403_FORBIDDEN)})
    def destroy(self, request: Request, pk: UUID) -> Response:
        """Take a product away. Orders of it stay. For staff."""
        services.product_delete(product_id=pk)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        responses={
            status.HTTP_200_OK: serializers.ProductStatisticsSerializer,
            **problems(status.HTTP_403_FORBIDDEN),
        }
    )
    @action(detail=True, permission_classes=[IsManager])
    def statistics(self, request: Request, pk: UUID) -> Response:
        """What happened to the stock of a product in the last 30 days. For managers."""
        statistics = selectors.product_statistics(product_id=pk)
        return Response(serializers.ProductStatisticsSerializer(statistics).data)

    def _address(self) -> str:
        """Return the address of the page that is asked for: the same, however it is asked, and whatever else is said."""
        query = self.request.query_params
        paging = cast("StandardCursorPagination", self.paginator)
        known = {*ProductFilter.base_filters, paging.cursor_query_param, paging.page_size_query_param}
        said = urlencode([(name, query[name]) for name in sorted(known & query.keys())])
        path = self.request.build_absolute_uri(self.request.path)
        return f"{path}?{said}" if said else path

    def _page(self, address: str) -> Any:
        """Return the page that is asked for. Its links are made of its address alone, since everybody gets them."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        cast("StandardCursorPagination", self.paginator).base_url = address
        return self.get_paginated_response(self.get_serializer(page, many=True).data).data


class CategoryListView(APIView):
    """All categories, on one page."""

    permission_classes = (IsAdminOrReadOnly,)

    @extend_schema(
        auth=OPEN,
        responses={
            status.HTTP_200_OK: serializers.CategoryListSerializer,
            **problems(status.HTTP_401_UNAUTHORIZED),
        },
    )
    def get(self, request: Request) -> Response:
        return Response({"next": None, "previous": None, "results": selectors.category_list()})
