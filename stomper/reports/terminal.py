"""The report on a terminal, and what is shown while the run works."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from stomper.checkers.checked import Checked, nothing_found
from stomper.models import CheckerRun, Diagnostic, LeftOut, Metrics, Report, Status
from stomper.progress import AgentSaid, Event, FileDone, JobsSelected, StageBegan
from stomper.reports import titles
from stomper.reports.agents import AGENT_COLUMNS, agent_rows, cost_words
from stomper.reports.caveat import first_words, left
from stomper.reports.escaping import printable
from stomper.reports.next_step import next_command
from stomper.reports.test_selection import how_tested
from stomper.reports.timeline import bars, overlap

_COLOURS = {
    Status.FIXED: "green",
    Status.PARTIAL: "yellow",
    Status.FAILED: "red",
    Status.SKIPPED: "cyan",
    Status.WAITING: "magenta",
}
_WORST_FIRST = (Status.FAILED, Status.SKIPPED, Status.WAITING, Status.PARTIAL, Status.FIXED)
_MOST_ROWS = 40


class Display:
    """The state of a run as events come in; a renderable for rich.live."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._stage = "start"
        self._files: dict[str, tuple[str, float]] = {}
        self._arrived: dict[str, int] = {}
        self._total = 0
        self._done: Counter[Status] = Counter()
        self._fixed = 0

    def __call__(self, event: Event) -> None:
        """Take in an event."""
        with self._lock:
            match event:
                case StageBegan(stage=stage, path="", detail=detail):
                    self._stage = f"{stage} {detail}".strip()
                case StageBegan(stage=stage, path=path):
                    self._files[path] = (stage, self._files.get(path, ("", time.monotonic()))[1])
                    self._arrived.pop(path, None)
                case AgentSaid(path=path, characters=characters):
                    self._arrived[path] = characters
                case JobsSelected(files=files, again=again):
                    self._total, self._stage = self._total * again + files, "repair again" if again else "repair"
                case FileDone(outcome=outcome):
                    self._files.pop(outcome.path, None)
                    self._arrived.pop(outcome.path, None)
                    self._done[outcome.status] += 1
                    self._fixed += len(outcome.fixed)
                case _:
                    pass

    def __rich__(self) -> RenderableType:
        with self._lock:
            done = sum(self._done.values())
            head = Table.grid(padding=(0, 2))
            counts = "  ".join(f"[{_COLOURS[s]}]{n} {s}[/]" for s, n in self._done.items())
            elapsed = f"{time.monotonic() - self._began:5.1f} s"
            head.add_row(
                f"[bold]{escape(self._stage)}[/]",
                ProgressBar(total=max(self._total, 1), completed=done, width=30),
                f"{done}/{self._total} files",
                f"{self._fixed} errors fixed",
                counts,
                elapsed,
            )
            rows = Table.grid(padding=(0, 2))
            for path, (stage, since) in list(self._files.items())[:16]:
                arrived = f"{self._arrived[path]} characters" if path in self._arrived else ""
                seconds = f"{time.monotonic() - since:.1f} s"
                rows.add_row("  ", f"[cyan]{stage}[/]", escape(printable(path)), seconds, arrived)
            return Group(head, rows)


def plain_lines(write: Callable[[str], object]) -> Callable[[Event], None]:
    """A listener that writes one line for what matters: for logs and pipes."""
    counter = {"done": 0, "total": 0}

    def listen(event: Event) -> None:
        match event:
            case StageBegan(stage=stage, path="", detail=detail):
                write(f"{stage} {detail}".strip())
            case JobsSelected(files=files, errors=errors, again=again):
                counter["total"] = counter["total"] * again + files
                write(f"{errors} error(s) in {files} file(s) to repair{' once more' if again else ''}")
            case FileDone(outcome=o):
                counter["done"] += 1
                why = f": {said}" if (said := titles.why(o)) else ""
                line = f"[{counter['done']}/{counter['total']}] {o.status} {printable(o.path)}"
                tested = f"; {printable(o.tests)}" if o.tests else ""
                write(f"{line} ({len(o.fixed)} fixed, {len(o.remaining)} left{tested}){why}")
            case _:
                pass

    return listen


def show_report(report: Report, console: Console) -> None:
    """The end of a run: what ran, what became of each file, the commits, what is left and why, what to type next."""
    if report.failure:
        console.print(f"[red]stopped:[/] {escape(report.failure)}", soft_wrap=True)
        if report.outcomes:
            _show_files(report, console)
        _show_warnings(report, console)
        return
    _show_checkers(report, console)
    if not report.outcomes:
        console.print(f"[green]{escape(nothing_found(report.checkers))}[/] in {escape(report.repository)}")
        _show_unchecked(report.unchecked, console)
        _show_left_out(report.left_out, console)
        _show_warnings(report, console)
        return
    _show_files(report, console)
    _show_agents(report, console)
    _show_timeline(report, console)
    for request in report.pull_requests:
        where = f" {request.url}" if request.url else ""
        said = f"{request.done}{where}: {request.branch}, {len(request.files)} file(s)"
        console.print(f"\n[bold]Pull request[/] {escape(printable(said))}", soft_wrap=True)
        for note in request.notes:
            console.print(f"  {escape(printable(note))}", soft_wrap=True)
    if report.landed:
        console.print(f"\n[bold]Commits[/] on {escape(report.branch)}")
        for entry in report.landed[:_MOST_ROWS]:
            console.print(f"  {entry.commit[:8]}  {escape(printable(entry.subject))}")
        if len(report.landed) > _MOST_ROWS:
            console.print(f"  … and {len(report.landed) - _MOST_ROWS} more")
    _show_left_out(report.left_out, console)
    _show_warnings(report, console)
    m = report.metrics
    first = f"[yellow]{escape(first_words(report))}[/]"
    console.print(
        f"\n{first}[bold]{m.total_errors_fixed} error(s) fixed[/] in {len(m.successful_fixes)} file(s), "
        f"{left(report)},"
        f"{f' {m.errors_unknown} unknown,' if m.errors_unknown else ''}"
        f" {len(m.failed_fixes)} file(s) failed, {len(m.skipped)} skipped · {m.attempts} attempt(s){_costs(m)}"
        f" · {report.seconds:.1f} s"
    )
    console.print(f"[dim]next:[/] {escape(next_command(report))}", soft_wrap=True)


def _show_warnings(report: Report, console: Console) -> None:
    for warning in report.warnings:
        console.print(f"[yellow]warning:[/] {escape(warning)}", soft_wrap=True)


def _costs(metrics: Metrics) -> str:
    """What the agents cost, where any of them costs anything; an unknown cost is not a zero."""
    said = [cost_words(metrics)] if metrics.cost_microusd or metrics.calls_of_unknown_cost else []
    if metrics.tokens:
        said.append(f"{metrics.tokens} tokens")
    return "".join(f" · {words}" for words in said)


def _show_agents(report: Report, console: Console) -> None:
    """Who fixed how much, and for how much: where there is more than one, or one that costs."""
    shares = report.metrics.agents
    if len(shares) < 2 and not any(s.tokens or s.cost_microusd or s.calls_of_unknown_cost for s in shares.values()):
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in AGENT_COLUMNS:
        table.add_column(title, overflow="fold", justify="left" if title == "agent" else "right")
    for row in agent_rows(report.metrics):
        table.add_row(*(escape(cell) for cell in row))
    console.print()
    console.print(table)


def _show_checkers(report: Report, console: Console) -> None:
    for c in report.checkers:
        said = f"[red]unknown: {escape(c.error)}[/]" if c.error else f"{c.found} error(s)"
        console.print(f"{c.name} {c.version} [dim]({escape(c.origin)})[/]: {said} [dim]{c.seconds:.1f} s[/]")
        _show_note(c, console)
    console.print(f"tests: {escape(report.tests)}")
    if quick := how_tested(report):
        console.print(f"quick: {quick}")
    if report.carried:
        console.print(f"carried: {escape(printable(report.carried))}", soft_wrap=True)
    if report.sandbox != "not needed":
        console.print(f"sandbox: {escape(report.sandbox)}")
    if report.guards:
        said = "; ".join(f"{language}: {guards}" for language, guards in report.guards.items())
        console.print(f"guards: {escape(said)}", soft_wrap=True)


def _show_note(run: CheckerRun, console: Console) -> None:
    if run.note:
        console.print(f"  {escape(printable(run.note))}", soft_wrap=True)


def _show_files(report: Report, console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("file", "status", "fixed", "left", "by", "why"):
        table.add_column(title, overflow="fold", justify="right" if title in ("fixed", "left") else "left")
    order = {status: n for n, status in enumerate(_WORST_FIRST)}
    shown = sorted(report.outcomes, key=lambda o: (order[o.status], o.path))
    for o in shown[:_MOST_ROWS]:
        status = Text(o.status, style=_COLOURS[o.status])
        table.add_row(
            escape(printable(o.path)), status, str(len(o.fixed)), str(len(o.remaining)), o.agent, escape(titles.why(o))
        )
    console.print()
    console.print(table)
    if len(shown) > _MOST_ROWS:
        console.print(f"… and {len(shown) - _MOST_ROWS} more (--json has them all)")
    for folder, number in Counter(str(Path(o.patch_file).parent) for o in shown if o.patch_file).items():
        console.print(f"[dim]{number} patch(es) kept in[/] {escape(folder)}", soft_wrap=True)


def _show_timeline(report: Report, console: Console) -> None:
    rows = bars(report.outcomes)
    if len(rows) > 1:
        limit = report.max_parallel_files
        console.print(f"\n[bold]Timeline[/] (at most {overlap(report.outcomes)} at once, limit {limit})")
        for path, bar, seconds in rows:
            console.print(f"  [blue]{bar}[/] {seconds:6.1f} s  {escape(printable(path))}")


def _show_left_out(left_out: LeftOut, console: Console) -> None:
    if said := left_out.words:
        console.print(f"[dim]not aimed at:[/] {escape(printable(said))}", soft_wrap=True)


def _show_unchecked(lines: Sequence[str], console: Console) -> None:
    for line in lines:
        console.print(f"[yellow]{escape(printable(line))}[/]", soft_wrap=True)


def show_check(checked: Checked, console: Console, *, following: str) -> None:
    """What `fix` would aim at, by file and by code, and the command that repairs it: *following*."""
    jobs = checked.jobs
    for run in checked.collected.runs:
        said = f"[red]unknown: {escape(run.error)}[/]" if run.error else f"{run.found} error(s)"
        console.print(f"{run.name} {run.version} [dim]({escape(run.origin)})[/]: {said} [dim]{run.seconds:.1f} s[/]")
        _show_note(run, console)
    errors: list[Diagnostic] = [d for job in jobs for d in job.diagnostics]
    if not errors:
        console.print(f"[green]{escape(nothing_found(checked.collected.runs))}[/]")
    _show_unchecked(checked.unchecked, console)
    for title, counts in (
        ("code", Counter(f"{d.tool} {d.code}" for d in errors)),
        ("file", Counter(printable(d.path) for d in errors)),
    ):
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column(title, overflow="fold")
        table.add_column("errors", justify="right")
        for name, number in counts.most_common(_MOST_ROWS):
            table.add_row(escape(name), str(number))
        if counts:
            console.print()
            console.print(table)
            if len(counts) > _MOST_ROWS:
                console.print(f"… and {len(counts) - _MOST_ROWS} more")
    _show_left_out(checked.left_out, console)
    safe = sum(d.fix == "safe" for d in errors)
    if errors:
        console.print(f"\n[bold]{len(errors)} error(s)[/] in {len(jobs)} file(s), {safe} with a safe fix of ruff's own")
        console.print(f"[dim]next:[/] {escape(following)}", soft_wrap=True)
