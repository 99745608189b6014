"""Who fixed what at what cost: the rows of a table for each report."""

from __future__ import annotations

from stomper.models import AgentMetrics, Metrics

AGENT_COLUMNS = ("agent", "fixed", "calls", "cost", "tokens", "seconds")


def agent_rows(metrics: Metrics) -> list[tuple[str, ...]]:
    """One row an agent, under `AGENT_COLUMNS`."""
    return [
        (name, str(s.errors_fixed), str(s.calls), cost_words(s), str(s.tokens or ""), f"{s.milliseconds / 1000:.1f}")
        for name, s in metrics.agents.items()
    ]


def cost_words(spent: AgentMetrics | Metrics) -> str:
    """What was paid; an unknown cost is not a zero."""
    dollars = spent.cost_microusd / 1_000_000
    known = f"${dollars:.2f}" if dollars >= 1 or not dollars else f"${dollars:.4f}"
    if not spent.calls_of_unknown_cost:
        return known
    unknown = f"{spent.calls_of_unknown_cost} call(s) of unknown cost"
    return f"{known} + {unknown}" if dollars else unknown
