"""Old names that the shop's tills still look up here."""

from orders.models import Order
from orders.money import format_money
from orders.pricing import total
from orders.report import receipt


def price_tag(order: Order) -> str:
    """Only the total, for the small till display."""
    return format_money(total(order))
