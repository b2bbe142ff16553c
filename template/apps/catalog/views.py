"""HTTP endpoints of the catalog."""

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
from apps.catalog.caches import PRODUCTS, PRODUCTS_TIMEOUT
from apps.catalog.filters import ProductFilter
from apps.catalog.models import Product
from apps.core.caching import cached
from apps.core.exceptions.openapi import problem_responses
from apps.core.pagination import StandardCursorPagination
from apps.core.permissions import IsAdminOrReadOnly, IsManager
from apps.core.serializers import serialize

# The list is the same for every caller, so browsers and CDNs may cache it. They cannot be invalidated.
CACHE_FOR_A_MINUTE = {"Cache-Control": "public, max-age=60"}

# Authentication is optional, but an invalid token is refused. (The declared type of `auth` is too narrow.)
OPTIONAL_AUTH: Any = [{"jwtAuth": []}, {}]


class ProductViewSet(GenericViewSet[Product]):
    """Products."""

    permission_classes = (IsAdminOrReadOnly,)
    throttle_scope = "public"
    filterset_class = ProductFilter
    lookup_value_converter = "uuid"
    serializer_class = serializers.ProductListSerializer

    def get_queryset(self) -> QuerySet[Product]:
        return selectors.product_list()

    @extend_schema(
        summary="List products",
        auth=OPTIONAL_AUTH,
        responses={
            status.HTTP_200_OK: serializers.ProductListSerializer(many=True),
            **problem_responses(status.HTTP_401_UNAUTHORIZED, status.HTTP_404_NOT_FOUND),
        },
    )
    def list(self, request: Request) -> Response:
        """Return the products on sale, newest first. The response may be up to a minute old."""
        url = self._canonical_url()
        page = cached(PRODUCTS, key=url, timeout=PRODUCTS_TIMEOUT, compute=lambda: self._page(url))
        return Response(page, headers=CACHE_FOR_A_MINUTE)

    @extend_schema(
        summary="Create a product (staff)",
        request=serializers.ProductCreateSerializer,
        responses={
            status.HTTP_201_CREATED: serializers.ProductDetailSerializer,
            **problem_responses(status.HTTP_403_FORBIDDEN, status.HTTP_409_CONFLICT),
        },
    )
    def create(self, request: Request) -> Response:
        serializer = serializers.ProductCreateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        product = services.product_create(**serializer.validated_data)
        return Response(serialize(serializers.ProductDetailSerializer, product), status=status.HTTP_201_CREATED)

    @extend_schema(
        summary="Get a product",
        auth=OPTIONAL_AUTH,
        responses={
            status.HTTP_200_OK: serializers.ProductDetailSerializer,
            **problem_responses(status.HTTP_401_UNAUTHORIZED),
        },
    )
    def retrieve(self, request: Request, pk: UUID) -> Response:
        """Return a product. Products that are off sale are visible to staff only."""
        product = selectors.product_get(product_id=pk, is_staff=request.user.is_staff)
        return Response(serialize(serializers.ProductDetailSerializer, product))

    @extend_schema(
        summary="Change a product (staff)",
        request=serializers.ProductUpdateSerializer,
        responses={
            status.HTTP_200_OK: serializers.ProductDetailSerializer,
            **problem_responses(status.HTTP_403_FORBIDDEN),
        },
    )
    def partial_update(self, request: Request, pk: UUID) -> Response:
        serializer = serializers.ProductUpdateSerializer(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        services.product_update(product_id=pk, **serializer.validated_data)
        product = selectors.product_get(product_id=pk, is_staff=True)
        return Response(serialize(serializers.ProductDetailSerializer, product))

    @extend_schema(
        summary="Delete a product (staff)",
        responses={status.HTTP_204_NO_CONTENT: None, **problem_responses(status.HTTP_403_FORBIDDEN)},
    )
    def destroy(self, request: Request, pk: UUID) -> Response:
        """Soft-delete a product. Existing orders keep their copy of its data."""
        services.product_delete(product_id=pk)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="Get the stock movements of a product (managers)",
        responses={
            status.HTTP_200_OK: serializers.ProductStatisticsSerializer,
            **problem_responses(status.HTTP_403_FORBIDDEN),
        },
    )
    @action(detail=True, permission_classes=[IsManager])
    def statistics(self, request: Request, pk: UUID) -> Response:
        """Return the stock movements of a product in the last 30 days."""
        statistics = selectors.product_statistics(product_id=pk)
        return Response(serialize(serializers.ProductStatisticsSerializer, statistics))

    def _canonical_url(self) -> str:
        """Return the URL with known parameters only, sorted, so that others do not fill the cache."""
        query = self.request.query_params
        paginator = cast("StandardCursorPagination", self.paginator)
        known = {*ProductFilter.base_filters, paginator.cursor_query_param, paginator.page_size_query_param}
        parameters = urlencode([(name, query[name]) for name in sorted(known & query.keys())])
        path = self.request.build_absolute_uri(self.request.path)
        return f"{path}?{parameters}" if parameters else path

    def _page(self, url: str) -> Any:
        """Return a page whose links are made from the canonical URL, because all callers share them."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        cast("StandardCursorPagination", self.paginator).base_url = url
        return self.get_paginated_response(self.get_serializer(page, many=True).data).data


class CategoryListView(APIView):
    """Categories."""

    permission_classes = (IsAdminOrReadOnly,)
    throttle_scope = "public"

    @extend_schema(
        summary="List categories",
        auth=OPTIONAL_AUTH,
        responses={
            status.HTTP_200_OK: serializers.CategoryListSerializer,
            **problem_responses(status.HTTP_401_UNAUTHORIZED),
        },
    )
    def get(self, request: Request) -> Response:
        """Return all categories on one page."""
        return Response({"next": None, "previous": None, "results": selectors.category_list()})
