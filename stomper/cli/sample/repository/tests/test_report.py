"""Orders as text."""

from orders.catalog import make_line
from orders.models import Order
from orders.report import render

RECEIPT = """\
Thank you for your order!
#00007 Ada
2 x assam: 13.80 EUR
Total: 14.77 EUR"""


def order() -> Order:
    made = Order(7, "Ada")
    made.add(make_line("assam", 2))
    return made


def test_receipt():
    assert render(order()) == RECEIPT


def test_tills_find_the_receipt_under_its_old_name():
    assert render(order(), "till") == RECEIPT


def test_tills_find_the_price_tag():
    assert render(order(), "tag") == "14.77 EUR"
