"""The things an order is made of."""

from typing import Optional
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Line:
    """So many of one product, at a price in cents."""

    sku: str
    quantity: int
    unit_price: int
    grams: int = 100

    @property
    def amount(self) -> int:
        """Price of the whole line in cents."""
        return self.quantity * self.unit_price


@dataclass
class Order:
    """What one customer wants to buy."""

    number: int
    customer: str
    lines: list[Line] = field(default_factory=list)
    note: Optional[str] = None

    def add(self, line: Line) -> None:
        """Append a line to the order."""
        self.lines.append(line)

    def label(self) -> str:
        """Short name of the order for lists and logs."""
        return "#{:05d} {}".format(self.number, self.customer)
