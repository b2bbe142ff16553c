"""What catalog refuses."""

from http import HTTPStatus

from apps.core.exceptions import ConflictError, DomainError


class ProductNotFoundError(DomainError):
    """There is no such product, or not for this reader."""

    status = HTTPStatus.NOT_FOUND
    code = "product-not-found"


class ProductUnavailableError(DomainError):
    """A product is unknown, deleted or off sale."""

    code = "product-unavailable"


class InsufficientStockError(ConflictError):
    """Fewer are left than somebody wants."""

    code = "insufficient-stock"


class SkuTakenError(ConflictError):
    """Another product, maybe a deleted one, has this sku."""

    code = "sku-taken"


class PriceOutOfRangeError(DomainError):
    """A change would make a price negative, or too large."""

    code = "price-out-of-range"


class InvalidFileError(DomainError):
    """A file is not made as it has to be, so that none of it can be read."""

    code = "invalid-file"
