"""The tables of the default project."""

import uuid

from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django.db.models.functions import Now


class User(AbstractBaseUser):
    """A user."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    email = models.EmailField(unique=True)
    first_name = models.CharField(max_length=150)
    last_name = models.CharField(max_length=150)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField()

    USERNAME_FIELD = "email"

    class Meta:
        """Options."""

        managed = False
        db_table = "users_user"


class Category(models.Model):
    """A category."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    slug = models.SlugField()

    class Meta:
        """Options."""

        managed = False
        db_table = "catalog_category"


class Product(models.Model):
    """A product."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    sku = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    category = models.ForeignKey(Category, models.CASCADE)
    price = models.DecimalField(max_digits=10, decimal_places=2)
    tax_rate = models.DecimalField(max_digits=4, decimal_places=2)
    total_price = models.DecimalField(max_digits=10, decimal_places=2)
    stock = models.IntegerField()
    is_active = models.BooleanField()
    is_deleted = models.BooleanField()

    class Meta:
        """Options."""

        managed = False
        db_table = "catalog_product"


class StockMovement(models.Model):
    """A change of the stock."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    product = models.ForeignKey(Product, models.CASCADE)
    change = models.IntegerField()

    class Meta:
        """Options."""

        managed = False
        db_table = "catalog_stockmovement"


class Order(models.Model):
    """An order."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    customer = models.ForeignKey(User, models.CASCADE)
    status = models.CharField(max_length=20, default="pending")
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    item_count = models.IntegerField()
    notes = models.TextField(default="")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        """Options."""

        managed = False
        db_table = "orders_order"


class OrderItem(models.Model):
    """A product in an order."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    order = models.ForeignKey(Order, models.CASCADE)
    product_id = models.UUIDField()
    sku = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    quantity = models.IntegerField()
    unit_price = models.DecimalField(max_digits=10, decimal_places=2)

    class Meta:
        """Options."""

        managed = False
        db_table = "orders_orderitem"


class IdempotencyKey(models.Model):
    """The response to a request."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    user = models.ForeignKey(User, models.CASCADE)
    key = models.CharField(max_length=255)
    request_hash = models.CharField(max_length=64)
    response = models.JSONField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        """Options."""

        managed = False
        db_table = "core_idempotencykey"
