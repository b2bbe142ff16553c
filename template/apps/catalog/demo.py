"""Demo products."""

from decimal import Decimal
from random import Random
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Q
from django.utils.text import slugify

from apps.catalog.caches import CATEGORIES, PRODUCTS
from apps.catalog.models import Category, Product
from apps.catalog.services import PricedItem, priced_item
from apps.core.caching import invalidate_on_commit

# The first product of an empty catalog has this id, so that the documentation can name it.
DEMO_PRODUCT_ID = UUID("01980000-0000-7000-8000-000000000001")

BATCH_SIZE = 2_000
STOCK = 1_000_000

CATEGORY_NAMES = ("Kitchen", "Office", "Garden", "Travel", "Books & paper")
ADJECTIVES = ("Blue", "Copper", "Folding", "Heavy", "Light", "Linen", "Oak", "Plain", "Small", "Striped")
NOUNS = ("Basket", "Bowl", "Box", "Clock", "Lamp", "Mug", "Notebook", "Stool", "Tray", "Vase")


@transaction.atomic
def products_seed(*, count: int) -> list[PricedItem]:
    """Create products in addition to existing ones, and return them."""
    slugs = {name: slugify(name) for name in CATEGORY_NAMES}
    Category.objects.bulk_create(
        [Category(name=name, slug=slug) for name, slug in slugs.items()], ignore_conflicts=True
    )
    # A category of the user may have the same name, or the same slug.
    categories = list(Category.objects.filter(Q(name__in=slugs) | Q(slug__in=slugs.values())).order_by("name"))
    is_empty = not Product.all_objects.exists()
    seeded = Product.all_objects.filter(sku__regex=r"^DEMO-[0-9]{8}$")
    last: str = seeded.aggregate(last=Max("sku"))["last"] or "DEMO-00000000"
    first = int(last.removeprefix("DEMO-")) + 1
    random = Random(first)  # noqa: S311 - the same products each time
    products = [_product(number, random, random.choice(categories)) for number in range(first, first + count)]
    if is_empty and products:
        products[0].pk = DEMO_PRODUCT_ID
    Product.objects.bulk_create(products, batch_size=BATCH_SIZE)
    invalidate_on_commit(CATEGORIES, PRODUCTS)
    return [priced_item(product) for product in products]


def _product(number: int, random: Random, category: Category) -> Product:
    name = f"{random.choice(ADJECTIVES)} {random.choice(NOUNS).lower()}"
    return Product(
        sku=f"DEMO-{number:08}",
        name=name,
        description=f"{name}, demo product {number}.",
        category=category,
        price=Decimal(random.randrange(100, 20_000)) / 100,
        stock=STOCK,
    )
