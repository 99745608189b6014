"""Products the shop sells."""

from typing import Final, Union
from orders.models import Line

PRICES: Final = {
    "assam": 690,
    "sencha": 1250,
    "rooibos": 480,
}


def price_of(sku: str) -> int:
    """Price of a product in cents."""
    try:
        return PRICES[sku]
    except KeyError:
        raise LookupError(f"no such product: {sku}")


def make_line(sku: str, quantity: Union[int, str] = 1) -> Line:
    """An order line at the catalogue price."""
    return Line(sku, int(quantity), price_of(sku))


def is_sold(sku: str) -> bool:
    """Whether the shop sells a product."""
    return PRICES.get(sku, None) is not None
