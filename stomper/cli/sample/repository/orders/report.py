"""Orders as text, in one of several formats."""

from importlib import import_module
from typing import Callable

from orders.pricing import total
from orders.models import Order
from orders.money import format_money

# Format name -> "module:function"; shops may add their own.
FORMATS = {
    "receipt": "orders.report:receipt",
    "till": "orders.compat:receipt",
    "tag": "orders.compat:price_tag",
}


def receipt(order: Order) -> str:
    """The order line by line, with the total."""
    rows = [f"Thank you for your order!", order.label()]
    for line in order.lines:
        amount = format_money(line.amount)
        rows.append("{} x {}: {}".format(line.quantity, line.sku, amount))
    rows.append(f"Total: {format_money(total(order))}")
    return "\n".join(rows)


def load_format(name: str) -> Callable[[Order], str]:
    """The function that writes orders in a format."""
    module, _, function = FORMATS[name].partition(":")
    writer: Callable[[Order], str] = getattr(import_module(module), function)
    return writer


def render(order: Order, name: str = "receipt") -> str:
    """The order in a format."""
    return load_format(name)(order)
