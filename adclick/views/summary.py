"""A run's summary in the terminal."""

from __future__ import annotations

import sys
from itertools import groupby

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from adclick.evaluation.intervals import Figure
from adclick.summary import DriftSummary, ModelSummary, RunSummary, StepTime

METRIC_NAMES = {
    "auc": "AUC",
    "logloss": "logloss",
    "calibration": "predicted / observed",
    "ece": "calibration error",
}
WIDTH = 130
VERDICT_STYLES = {"fine": "green", "watch": "yellow", "retrain": "red"}


def print_summary(summary: RunSummary) -> None:
    """Print what a person needs at the end of a run, the verdict and the addresses last."""
    # in a file or a pipe there is no width to keep to
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    console.print()
    console.print(_steps(summary.steps))
    if summary.model:
        _print_model(summary.model, console)
    if summary.decision:
        style = "bold green" if summary.decision.promote else "bold yellow"
        verdict = "promote" if summary.decision.promote else "keep"
        _print_line("decision", Text(f"{verdict}: ", style) + summary.decision.reason, console)
    if summary.serving:
        served = summary.serving
        text = f"{served.version}, {served.golden_checked} golden requests answered right"
        if served.p50_ms is not None and served.p99_ms is not None:
            text += (
                f"; {served.requests} requests, p50 {served.p50_ms:.1f} ms, "
                f"p99 {served.p99_ms:.1f} ms"
            )
        _print_line("serving", Text(text), console)
    for position, drift in enumerate(summary.drift):
        _print_line("drift" if position == 0 else "", _drift(drift), console)
    for position, (name, url) in enumerate(summary.urls.items()):
        _print_line("open" if position == 0 else "", Text(f"{name:<10}{url}"), console)
    if summary.curl:
        _print_line("try", Text(""), console)
        console.print(summary.curl, soft_wrap=True, highlight=False, markup=False)
    console.print()
    _print_line("took", Text(f"{summary.seconds:.1f} s"), console)


def _print_line(label: str, text: Text, console: Console) -> None:
    line = Table.grid(padding=(0, 1))
    line.add_column(width=9, style="bold")
    line.add_column(overflow="fold")
    line.add_row(label, text)
    console.print(line)


def _steps(steps: tuple[StepTime, ...]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("pipeline", style="bold")
    table.add_column("step")
    table.add_column("seconds", justify="right")
    table.add_column("")
    for pipeline, group in groupby(steps, lambda step: step.pipeline):
        for position, step in enumerate(group):
            table.add_row(
                pipeline if position == 0 else "",
                step.step,
                "" if step.cached else f"{step.seconds:.2f}",
                Text("cached", "cyan") if step.cached else "",
            )
    return table


def _print_model(model: ModelSummary, console: Console) -> None:
    console.print()
    text = f"{model.name} {model.version}, tested on {model.tested_on}: "
    text += f"{model.impressions:,} impressions, {model.clicks:,} clicks"
    _print_line("model", Text(text), console)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(f"{model.confidence:.0%} intervals")
    for name in model.metrics:
        shown = f"champion {model.champion}" if name == "champion" else name
        table.add_column(shown, justify="right")
    for metric, label in METRIC_NAMES.items():
        table.add_row(label, *(_figure(figures[metric]) for figures in model.metrics.values()))
    console.print(Padding(table, (0, 0, 1, 10)))


def _figure(figure: Figure) -> Text:
    interval = Text(f" [{figure.low:.4f}, {figure.high:.4f}]", "dim")
    return Text(f"{figure.value:.4f}") + interval


def _drift(drift: DriftSummary) -> Text:
    verdict = Text(f"{drift.verdict:<8}", VERDICT_STYLES[drift.verdict])
    return Text(f"{drift.name:<12}") + verdict + Text("; ".join(drift.problems))
