"""Errors of the catalog."""

from http import HTTPStatus

from apps.core.exceptions import ConflictError, DomainError


class ProductNotFoundError(DomainError):
    """The product does not exist, or is not visible to the caller."""

    status = HTTPStatus.NOT_FOUND
    code = "product-not-found"


class ProductUnavailableError(DomainError):
    """A product does not exist or is not on sale."""

    code = "product-unavailable"


class InsufficientStockError(ConflictError):
    """The stock is lower than the quantity."""

    code = "insufficient-stock"


class SkuTakenError(ConflictError):
    """Another product has this SKU. It may be deleted."""

    code = "sku-taken"


class PriceOutOfRangeError(DomainError):
    """The new price would be negative or too high."""

    code = "price-out-of-range"


class InvalidFileError(DomainError):
    """The file cannot be imported at all."""

    code = "invalid-file"
