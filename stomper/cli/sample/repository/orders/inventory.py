"""How much of each product is on the shelf."""

import logging
import typing

from orders.models import Order

log = logging.getLogger(__name__)


class OutOfStock(Exception):
    """The shelf does not hold enough of a product."""


class Inventory(object):
    """Stock levels by product."""

    def __init__(self, levels: typing.Dict[str, int]) -> None:
        self.levels = dict(levels)

    def available(self, sku: str) -> int:
        """Items on the shelf."""
        return self.levels.get(sku, 0)

    def reserve(self, order: Order) -> None:
        """Take all items of an order off the shelf, or none."""
        for line in order.lines:
            if self.available(line.sku) < line.quantity:
                raise OutOfStock(f"not enough on the shelf: {line.sku}")
        for line in order.lines:
            self.levels[line.sku] -= line.quantity
        log.info("reserved %s", order.label())

    def restock(self, sku: str, quantity: int):
        """Put items on the shelf."""
        self.levels[sku] = self.available(sku) + quantity

    def snapshot(self) -> dict:
        """A copy of the stock levels."""
        return dict(self.levels)

    def running_low(self, limit: int = 5) -> list[str]:
        """Products with fewer items left than the limit."""
        low = (sku for sku, left in self.levels.items() if left < limit)
        return list(sorted(low))
