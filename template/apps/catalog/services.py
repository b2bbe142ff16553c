"""Changing products and their stock. Each function is one transaction. Files of them are in `files.py`.

Rows are locked in the order of their keys, always: so no two changes wait for each other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypedDict, Unpack
from uuid import UUID

import structlog
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from apps.catalog.caches import PRODUCTS, statistics_of
from apps.catalog.exceptions import (
    InsufficientStockError,
    PriceOutOfRangeError,
    ProductNotFoundError,
    ProductUnavailableError,
    SkuTakenError,
)
from apps.catalog.models import PRICE_MAX, Category, Product, StockMovement, rounded
from apps.core.caching import invalidate_on_commit

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Offer:
    """What is sold, and what one costs, tax included."""

    product_id: UUID
    sku: str
    name: str
    unit_price: Decimal


class ProductOptions(TypedDict, total=False):
    """What a product has without being told."""

    description: str
    tax_rate: Decimal
    stock: int
    is_active: bool


class ProductChanges(ProductOptions, total=False):
    """What can be changed of a product. The category is named by its slug."""

    name: str
    category: str
    price: Decimal


@transaction.atomic
def stock_reserve(*, quantities: Mapping[UUID, int]) -> list[Offer]:
    """Take units of products from the stock, all or none, with three queries however many products there are.

    Args:
        quantities: How many of each product, one or more.

    Returns:
        What was taken, in the order of the products' ids.

    Raises:
        ProductUnavailableError: Products are unknown, deleted or off sale.
        InsufficientStockError: Fewer are left.
    """
    _check_units(quantities)
    products = _locked(Product.objects.filter(pk__in=quantities, is_active=True))
    if missing := quantities.keys() - {product.pk for product in products}:
        raise ProductUnavailableError(f"Not for sale: {', '.join(sorted(map(str, missing)))}.")
    short = [f"{product.stock} of {product.sku}" for product in products if product.stock < quantities[product.pk]]
    if short:
        raise InsufficientStockError(f"There are only {', '.join(short)}.")
    _move({product: -quantities[product.pk] for product in products})
    return [offer_of(product) for product in products]


@transaction.atomic
def stock_release(*, quantities: Mapping[UUID, int]) -> None:
    """Give back what was reserved, also of products that are off sale or deleted by now.

    Args:
        quantities: How many of each product, one or more.
    """
    _check_units(quantities)
    products = _locked(Product.all_objects.filter(pk__in=quantities))
    _move({product: quantities[product.pk] for product in products})


def offer_of(product: Product) -> Offer:
    """Return what is sold of a product."""
    return Offer(product_id=product.pk, sku=product.sku, name=product.name, unit_price=product.total_price)


@transaction.atomic
def product_create(*, sku: str, name: str, category: str, price: Decimal, **options: Unpack[ProductOptions]) -> Product:
    """Return a new product, in the category with this slug.

    Raises:
        ValidationError: There is no such category.
        SkuTakenError: Another product has the sku.
    """
    product = Product(sku=sku, name=name, category=_category(category), price=price, **options)
    try:
        with transaction.atomic():
            product.save(force_insert=True)
    except IntegrityError as error:
        if not Product.all_objects.filter(sku=sku).exists():
            raise
        raise SkuTakenError(f"Another product has the sku {sku}, or had it: choose another.") from error
    invalidate_on_commit(PRODUCTS)
    log.info("product_created", product_id=str(product.pk))
    return product


@transaction.atomic
def product_update(*, product_id: UUID, **changes: Unpack[ProductChanges]) -> None:
    """Change a product. What is not named stays as it is, whoever else changes it at the same time.

    Raises:
        ProductNotFoundError: There is none, or it is deleted.
        ValidationError: There is no such category.
    """
    product = _locked_one(product_id)
    for name, value in changes.items():
        setattr(product, name, _category(changes["category"]) if name == "category" else value)
    product.save(update_fields=[*changes, "updated_at"])
    invalidate_on_commit(PRODUCTS)
    log.info("product_updated", product_id=str(product_id), changed=sorted(changes))


@transaction.atomic
def product_delete(*, product_id: UUID) -> None:
    """Take a product away. Orders of it keep what they show.

    Raises:
        ProductNotFoundError: There is none, or it is deleted already.
    """
    _locked_one(product_id).soft_delete()
    invalidate_on_commit(PRODUCTS)
    log.info("product_deleted", product_id=str(product_id))


@transaction.atomic
def products_activate(*, product_ids: Iterable[UUID]) -> int:
    """Put products on sale, and return how many are by now."""
    return _change(_locked(Product.objects.filter(pk__in=product_ids)), is_active=True)


@transaction.atomic
def products_deactivate(*, product_ids: Iterable[UUID]) -> int:
    """Take products off sale, and return how many are by now."""
    return _change(_locked(Product.objects.filter(pk__in=product_ids)), is_active=False)


@transaction.atomic
def prices_change(*, product_ids: Iterable[UUID], percent: Decimal) -> int:
    """Raise prices by some percent, or lower them, rounded to cents. Return how many were changed.

    Raises:
        PriceOutOfRangeError: A price would be negative, or larger than any may be.
    """
    factor = 1 + percent / 100
    products = _locked(Product.objects.filter(pk__in=product_ids))
    if not all(0 <= product.price * factor <= PRICE_MAX for product in products):
        raise PriceOutOfRangeError(f"A change by {percent} % would take prices beyond 0 to {PRICE_MAX}.")
    return _change(products, price=rounded(F("price") * factor))


def _check_units(quantities: Mapping[UUID, int]) -> None:
    """Keep a caller's mistake from turning a reservation into its opposite."""
    if any(quantity < 1 for quantity in quantities.values()):
        raise ValueError("Quantities start at 1.")


def _locked(products: QuerySet[Product]) -> list[Product]:
    """Return products as they are now, which nobody else changes until the transaction ends."""
    return list(products.select_for_update(of=("self",), no_key=True).defer("description").order_by("pk"))


def _locked_one(product_id: UUID) -> Product:
    products = _locked(Product.objects.filter(pk=product_id))
    if not products:
        raise ProductNotFoundError("There is no such product.")
    return products[0]


def _move(changes: Mapping[Product, int]) -> None:
    """Change the stock of locked products, and note it."""
    now = timezone.now()
    for product, change in changes.items():
        product.stock += change
        product.updated_at = now
    Product.all_objects.bulk_update(changes, ["stock", "updated_at"])
    StockMovement.objects.bulk_create(
        [StockMovement(product=product, change=change) for product, change in changes.items()]
    )
    invalidate_on_commit(PRODUCTS, *(statistics_of(product.pk) for product in changes))


def _change(products: list[Product], **values: object) -> int:
    """Change locked products with one query, and return how many."""
    changed = Product.objects.filter(pk__in=[product.pk for product in products])
    count = changed.update(**values, updated_at=timezone.now())
    invalidate_on_commit(PRODUCTS)
    return count


def _category(slug: str) -> Category:
    category = Category.objects.filter(slug=slug).first()
    if category is None:
        raise ValidationError({"category": ValidationError("There is no such category.", code="unknown")})
    return category
