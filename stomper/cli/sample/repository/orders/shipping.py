"""Parcels and what it costs to send them."""

import math
import sys

from orders.models import Order

RATES = {"home": 490, "abroad": 1490}
FREE_FROM = 5000


def weight(order: Order) -> int:
    """Weight of the parcel in grams, with wrapping."""
    return 50 + sum(l.quantity * l.grams for l in order.lines)


def shipping_cost(order: Order, zone: str, net: int) -> int:
    """Postage in cents; large orders at home travel free."""
    if zone not in RATES.keys():
        raise ValueError(f"unknown zone: {zone}")
    if zone == "home" and net >= FREE_FROM:
        return 0
    return RATES[zone] * math.ceil(weight(order) / 2000)
