"""Synthetic repositories: `python -m benchmarks.synthetic FOLDER --files 7000`. The same shape is the same tree."""

from benchmarks.synthetic.make import Made, make
from benchmarks.synthetic.shape import Shape

__all__ = ["Made", "Shape", "make"]
