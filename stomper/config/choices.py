"""The words that settings take, beside kinds. Imports no pydantic, so that the command line can complete them at once."""

from __future__ import annotations

from typing import Literal, get_args

TestValidation = Literal["full", "quick", "final", "none"]
Land = Literal["commit", "branch", "patch", "pr"]
StrategyChoice = Literal["auto", "terse", "rules", "examples", "context"]
Risk = Literal["cosmetic", "typing", "logic"]
RISKS: tuple[Risk, ...] = get_args(Risk)
Uncommitted = Literal["changed", "staged", "on_disk"]
