"""The kinds of checkers, agents and forges that settings may name: one line each.

The room of the family finds the rest by the name: see checkers/registry.py, agents/registry.py and forges/registry.py."""

from __future__ import annotations

from typing import Literal, get_args

CheckerKind = Literal[
    "ruff",
    "mypy",
    "pytest",
    "sarif",
    "command",
]
AgentKind = Literal[
    "ruff",
    "command",
    "scripted",
    "api",
]
"""Agents that are a class of their own."""
ProgramKind = Literal[
    "claude",
    "codex",
    "gemini",
    "aider",
    "opencode",
    "mini-swe-agent",
    "cursor",
    "copilot",
    "qwen",
    "goose",
]
"""Agents that are a program of their own, and a row of data here."""
ForgeKind = Literal[
    "github",
    "gitlab",
]
CHECKERS: tuple[str, ...] = get_args(CheckerKind)
PROGRAMS: tuple[str, ...] = get_args(ProgramKind)
AGENTS: tuple[str, ...] = (*get_args(AgentKind), *PROGRAMS)
FORGES: tuple[str, ...] = get_args(ForgeKind)
