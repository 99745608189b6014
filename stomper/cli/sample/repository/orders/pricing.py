"""What an order costs."""

from typing import Iterable

from orders.money import percent_of
from orders.models import Line, Order

TAX_PERCENT = 7


def subtotal(lines: Iterable[Line]) -> int:
    """Price of some lines before discounts and tax."""
    return sum(line.amount for line in lines)


def item_count(order: Order):
    """How many single items the order holds."""
    return sum(line.quantity for line in order.lines)


def average_line(order: Order) -> int:
    """Mean price of a line, in cents."""
    if not order.lines:
        return 0
    return subtotal(order.lines) / len(order.lines)


def discounted(amount: int, percents: list[int] = []) -> int:
    """The amount after each discount in turn."""
    for percent in percents:
        amount -= percent_of(amount, percent)
    return amount


def total(order: Order, discount: int = 0) -> int:
    """Price of the order with discount and tax."""
    net = discounted(subtotal(order.lines), [discount])
    return net + percent_of(net, TAX_PERCENT)
