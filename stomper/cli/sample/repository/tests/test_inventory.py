"""Stock levels."""

import pytest

from orders.catalog import make_line
from orders.inventory import Inventory, OutOfStock
from orders.models import Order


def test_reserve_takes_items():
    shelf = Inventory({"assam": 6, "sencha": 9})
    shelf.reserve(Order(1, "Ada", [make_line("assam", 2)]))
    assert shelf.snapshot() == {"assam": 4, "sencha": 9}


def test_reserve_takes_all_or_nothing():
    shelf = Inventory({"assam": 6, "sencha": 1})
    wanted = Order(2, "Bob", [make_line("assam", 1), make_line("sencha", 2)])
    with pytest.raises(OutOfStock, match="sencha"):
        shelf.reserve(wanted)
    assert shelf.available("assam") == 6


def test_restock():
    shelf = Inventory({})
    shelf.restock("rooibos", 3)
    assert shelf.available("rooibos") == 3


def test_running_low():
    shelf = Inventory({"sencha": 2, "assam": 4, "rooibos": 5})
    assert shelf.running_low() == ["assam", "sencha"]
