"""Prices, discounts and postage."""

import os
import pytest

from orders.catalog import is_sold, make_line, price_of
from orders.models import Order
from orders.money import format_money, parse_money
from orders.pricing import average_line, discounted, item_count, subtotal, total
from orders.shipping import shipping_cost


def order() -> Order:
    return Order(7, "Ada", [make_line("assam", 2), make_line("sencha", "1")])


def test_money_is_read_and_written():
    assert parse_money(" 12.50 ") == 1250
    assert format_money(1205) == "12.05 EUR"
    assert format_money(-5, "USD") == "-0.05 USD"


def test_catalogue_prices():
    assert price_of("rooibos") == 480
    assert is_sold("assam")
    assert not is_sold("coffee")


def test_unknown_product():
    with pytest.raises(LookupError, match="coffee"):
        price_of("coffee")


def test_subtotal_and_items():
    assert subtotal(order().lines) == 2630
    assert item_count(order()) == 3


def test_average_line():
    assert average_line(order()) == 1315
    assert average_line(Order(8, "Bob")) == 0


def test_discounts_add_up():
    assert discounted(1000) == 1000
    assert discounted(1000, [10, 10]) == 810


def test_total_has_tax():
    assert total(order()) == 2814
    assert total(order(), discount=10) == 2533


@pytest.mark.parametrize(
    ("zone", "net", "cost"),
    [("home", 2630, 490), ("home", 5000, 0), ("abroad", 9000, 1490)],
)
def test_postage(zone: str, net: int, cost: int):
    assert shipping_cost(order(), zone, net) == cost


def test_postage_to_unknown_zone():
    with pytest.raises(ValueError, match="moon"):
        shipping_cost(order(), "moon", 100)
