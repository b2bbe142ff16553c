"""Change products and their stock. Each function is one transaction.

Rows are always locked in the order of their primary keys, so that two transactions cannot deadlock.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypedDict, Unpack
from uuid import UUID

import structlog
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from apps.catalog.caches import PRODUCTS, statistics_cache_name
from apps.catalog.exceptions import (
    InsufficientStockError,
    PriceOutOfRangeError,
    ProductNotFoundError,
    ProductUnavailableError,
    SkuTakenError,
)
from apps.catalog.models import PRICE_MAX, Category, Product, StockMovement
from apps.core.caching import invalidate_on_commit

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class PricedItem:
    """A product as it is sold. The price includes tax."""

    product_id: UUID
    sku: str
    name: str
    unit_price: Decimal


class ProductOptions(TypedDict, total=False):
    """Fields of a product that have defaults."""

    description: str
    tax_rate: Decimal
    stock: int
    is_active: bool


class ProductChanges(ProductOptions, total=False):
    """Fields of a product that can be changed. `category` is a slug."""

    name: str
    category: str
    price: Decimal


@transaction.atomic
def stock_reserve(*, quantities: Mapping[UUID, int]) -> list[PricedItem]:
    """Take units of products from the stock, all or none, with three queries.

    Args:
        quantities: The quantity of each product, 1 or more.

    Returns:
        The products, ordered by id.

    Raises:
        ProductUnavailableError: A product does not exist or is not on sale.
        InsufficientStockError: The stock is too low.
    """
    _check_quantities(quantities)
    products = _lock(Product.objects.filter(pk__in=quantities, is_active=True))
    if missing := quantities.keys() - {product.pk for product in products}:
        raise ProductUnavailableError(f"Not for sale: {', '.join(sorted(map(str, missing)))}.")
    short = [f"{product.stock} of {product.sku}" for product in products if product.stock < quantities[product.pk]]
    if short:
        raise InsufficientStockError(f"There are only {', '.join(short)}.")
    _change_stock({product: -quantities[product.pk] for product in products})
    return [priced_item(product) for product in products]


@transaction.atomic
def stock_release(*, quantities: Mapping[UUID, int]) -> None:
    """Return reserved units to the stock, including those of products that are off sale or deleted.

    Args:
        quantities: The quantity of each product, 1 or more.
    """
    _check_quantities(quantities)
    products = _lock(Product.all_objects.filter(pk__in=quantities))
    _change_stock({product: quantities[product.pk] for product in products})


def priced_item(product: Product) -> PricedItem:
    """Return a product as it is sold."""
    return PricedItem(product_id=product.pk, sku=product.sku, name=product.name, unit_price=product.total_price)


@transaction.atomic
def product_create(*, sku: str, name: str, category: str, price: Decimal, **options: Unpack[ProductOptions]) -> Product:
    """Create and return a product. `category` is a slug.

    Raises:
        ValidationError: The category does not exist.
        SkuTakenError: Another product has the SKU.
    """
    product = Product(sku=sku, name=name, category=_category(category), price=price, **options)
    try:
        with transaction.atomic():
            product.save(force_insert=True)
    except IntegrityError as error:
        if not Product.all_objects.filter(sku=sku).exists():
            raise
        raise SkuTakenError(f"The SKU {sku} is taken, maybe by a deleted product: choose another.") from error
    invalidate_on_commit(PRODUCTS)
    log.info("product_created", product_id=str(product.pk))
    return product


@transaction.atomic
def product_update(*, product_id: UUID, **changes: Unpack[ProductChanges]) -> None:
    """Change the given fields of a product, and no others.

    Raises:
        ProductNotFoundError: The product does not exist or is deleted.
        ValidationError: The category does not exist.
    """
    product = _lock_one(product_id)
    for name, value in changes.items():
        setattr(product, name, _category(changes["category"]) if name == "category" else value)
    product.save(update_fields=[*changes, "updated_at"])
    invalidate_on_commit(PRODUCTS)
    log.info("product_updated", product_id=str(product_id), changed=sorted(changes))


@transaction.atomic
def product_delete(*, product_id: UUID) -> None:
    """Soft-delete a product. Existing orders keep their copy of its data.

    Raises:
        ProductNotFoundError: The product does not exist or is already deleted.
    """
    _lock_one(product_id).soft_delete()
    invalidate_on_commit(PRODUCTS)
    log.info("product_deleted", product_id=str(product_id))


@transaction.atomic
def products_set_active(*, product_ids: Iterable[UUID], is_active: bool) -> int:
    """Put products on sale or take them off sale, and return how many were changed."""
    return _update(_lock(Product.objects.filter(pk__in=product_ids)), is_active=is_active)


@transaction.atomic
def prices_change(*, product_ids: Iterable[UUID], percent: Decimal) -> int:
    """Change prices by a percentage, rounded to cents, and return how many were changed.

    Raises:
        PriceOutOfRangeError: A price would be negative or too high.
    """
    factor = 1 + percent / 100
    products = _lock(Product.objects.filter(pk__in=product_ids))
    if not all(0 <= product.price * factor <= PRICE_MAX for product in products):
        raise PriceOutOfRangeError(f"A change by {percent} % would take a price out of the range 0 to {PRICE_MAX}.")
    return _update(products, price=F("price") * factor)


def _check_quantities(quantities: Mapping[UUID, int]) -> None:
    """Refuse quantities that would turn a reservation into its opposite: a bug of the caller."""
    if any(quantity < 1 for quantity in quantities.values()):
        raise ValueError("Quantities start at 1.")


def _lock(products: QuerySet[Product]) -> list[Product]:
    """Lock products in the order of their primary keys, and return their current values."""
    return list(products.select_for_update(of=("self",), no_key=True).defer("description").order_by("pk"))


def _lock_one(product_id: UUID) -> Product:
    products = _lock(Product.objects.filter(pk=product_id))
    if not products:
        raise ProductNotFoundError("There is no such product.")
    return products[0]


def _change_stock(changes: Mapping[Product, int]) -> None:
    """Change the stock of locked products, and record the movements."""
    now = timezone.now()
    with connection.cursor() as cursor:
        # In one round trip. `bulk_update` takes longer to build its query than PostgreSQL to run it.
        cursor.executemany(
            "UPDATE catalog_product SET stock = stock + %s, updated_at = %s WHERE id = %s",
            [(change, now, product.pk) for product, change in changes.items()],
        )
    StockMovement.objects.bulk_create(
        [StockMovement(product=product, change=change) for product, change in changes.items()]
    )
    invalidate_on_commit(PRODUCTS, *(statistics_cache_name(product.pk) for product in changes))


def _update(products: list[Product], **values: object) -> int:
    """Update locked products with one query."""
    locked = Product.objects.filter(pk__in=[product.pk for product in products])
    count = locked.update(**values, updated_at=timezone.now())
    invalidate_on_commit(PRODUCTS)
    return count


def _category(slug: str) -> Category:
    category = Category.objects.filter(slug=slug).first()
    if category is None:
        raise ValidationError({"category": ValidationError("There is no such category.", code="unknown")})
    return category
