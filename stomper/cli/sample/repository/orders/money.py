"""Amounts of money, kept as whole cents."""

import decimal
import re

AMOUNT = re.compile(r"(\d+)\.(\d\d)")


def parse_money(text: str) -> int:
    """Cents in a text such as "12.50"."""
    match = AMOUNT.fullmatch(text.strip())
    whole, cents = match.groups()
    return int(whole) * 100 + int(cents)


def format_money(cents: int, currency: str = "EUR") -> str:
    """An amount for people to read, such as "12.50 EUR"."""
    sign = "-" if cents < 0 else ""
    whole, rest = divmod(abs(cents), 100)
    return "{}{}.{:02d} {}".format(sign, whole, rest, currency)


def percent_of(cents: int, percent: int) -> int:
    """A percentage of an amount, rounded half up."""
    return (cents * percent + 50) // 100
