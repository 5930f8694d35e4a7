"""A run's summary in the terminal."""

from __future__ import annotations

import sys
from itertools import groupby

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from adclick.canary.trial import CanaryTrial
from adclick.evaluation.decision import Decision
from adclick.evaluation.evaluation import CHAMPION
from adclick.evaluation.intervals import Figure
from adclick.retraining.outcome import Retraining
from adclick.summary import (
    DriftSummary,
    ModelSummary,
    MonitoringSummary,
    RunSummary,
    ScoringSummary,
    ServingSummary,
    StepTime,
)

METRIC_NAMES = {
    "auc": "AUC",
    "logloss": "logloss",
    "calibration": "predicted / observed",
    "ece": "calibration error",
}
WIDTH = 130
MOST_REASONS = 5
MOST_PROBLEMS = 2
NAME_WIDTH = 30
COMMANDS = {"zenml": "make dashboard", "evidently": "make reports"}
VERDICT_STYLES = {"fine": "green", "watch": "yellow", "retrain": "red", "stop": "red"}


def print_summary(summary: RunSummary) -> None:
    """Print a run's summary to the terminal."""
    # in a file or a pipe there is no width to keep to
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    console.print(summary_view(summary))
    if summary.curl:
        console.print(Text("try", "bold"))
        # one line, to be copied whole
        console.print(Text(summary.curl), soft_wrap=True)


def summary_view(summary: RunSummary) -> Group:
    """What a person needs at the end of a run: times, figures, verdicts, what to open."""
    lines = [
        *([_decision(summary.decision)] if summary.decision else []),
        *([("canary", _canary(summary.canary))] if summary.canary else []),
        *([("serving", _serving(summary.serving))] if summary.serving else []),
        *([("scores", _scoring(summary.scoring))] if summary.scoring else []),
        *_labelled("drift", [_drift(drift) for drift in summary.drift]),
        *([("retrain", _retraining(summary.retraining))] if summary.retraining else []),
        *([("feedback", Text(summary.feedback.line))] if summary.feedback else []),
        *_labelled("open", [_page(name, url) for name, url in summary.urls.items()]),
        ("took", Text(f"{summary.seconds:.1f} s")),
    ]
    table = Table.grid(padding=(0, 1))
    table.add_column(width=9, style="bold")
    table.add_column(overflow="fold")
    for label, text in lines:
        table.add_row(label, text)
    model = [_model(summary.model)] if summary.model else []
    first = [_monitoring(summary.monitoring)] if summary.monitoring else []
    return Group("", *first, _steps(summary.steps), *model, "", table)


def _monitoring(monitoring: MonitoringSummary) -> Group:
    """The verdict above all else, and of its reasons those to look at first."""
    style = VERDICT_STYLES[monitoring.verdict]
    verdict = Text(f"{monitoring.verdict}: ", f"bold {style}") + Text(monitoring.advice)
    reasons = [Text(f"  {reason}") for reason in monitoring.reasons[:MOST_REASONS]]
    more = len(monitoring.reasons) - len(reasons)
    rest = [Text(f"  and {more} more: see the reports", "dim")] if more else []
    return Group(verdict, *reasons, *rest, "")


def _page(name: str, url: str) -> Text:
    here = url.startswith("http://127.0.0.1")
    hint = f"  ({COMMANDS[name]})" if here and name in COMMANDS else ""
    return Text(f"{name:<12}{url}") + Text(hint, "dim")


def _labelled(label: str, texts: list[Text]) -> list[tuple[str, Text]]:
    return [(label if position == 0 else "", text) for position, text in enumerate(texts)]


def _decision(decision: Decision) -> tuple[str, Text]:
    style, verdict = ("bold green", "promote") if decision.promote else ("bold yellow", "keep")
    return "decision", Text(f"{verdict}: ", style) + Text(decision.reason)


def _canary(trial: CanaryTrial) -> Text:
    style = "bold green" if trial.outcome == "promoted" else "bold yellow"
    asked = f"; {trial.replayed:,} requests replayed" if trial.replayed else ""
    return Text(f"{trial.outcome}: ", style) + Text(
        f"{trial.reason} ({trial.seconds:.0f} s{asked})"
    )


def _serving(serving: ServingSummary) -> Text:
    text = serving.version
    if serving.golden_checked:
        text += f", {serving.golden_checked} golden requests answered right"
    if serving.p50_ms is not None and serving.p99_ms is not None:
        text += f"; {serving.requests} requests, p50 {serving.p50_ms:.1f} ms, "
        text += f"p99 {serving.p99_ms:.1f} ms"
    return Text(text)


def _scoring(scoring: ScoringSummary) -> Text:
    return Text(
        f"{scoring.rows_scored:,} of {scoring.rows_in:,} rows scored by {scoring.version}: "
        f"{scoring.root}"
    )


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


def _model(model: ModelSummary) -> Group:
    title = f"{model.name} {model.version}, tested on {model.tested_on}: "
    title += f"{model.impressions:,} impressions, {model.clicks:,} clicks"
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(f"{model.confidence:.0%} intervals")
    for name in model.metrics:
        shown = f"champion {model.champion}" if name == CHAMPION else name
        table.add_column(shown, justify="right")
    for metric, label in METRIC_NAMES.items():
        table.add_row(label, *(_figure(figures[metric]) for figures in model.metrics.values()))
    return Group("", Text(title, "bold"), table)


def _figure(figure: Figure) -> Text:
    interval = Text(f" [{figure.low:.4f}, {figure.high:.4f}]", "dim")
    return Text(f"{figure.value:.4f}") + interval


def _retraining(retraining: Retraining) -> Text:
    style = "bold green" if retraining.result == "promoted" else "bold yellow"
    reason = retraining.decision.reason
    made = f"; {retraining.version}" if retraining.version else ""
    return Text(f"{retraining.result}: ", style) + Text(f"{reason}{made}")


def _drift(drift: DriftSummary) -> Text:
    verdict = Text(f"{drift.verdict:<8}", VERDICT_STYLES[drift.verdict])
    more = len(drift.problems) - MOST_PROBLEMS
    shown = [*drift.problems[:MOST_PROBLEMS], *([f"and {more} more"] if more > 0 else [])]
    return Text(f"{drift.name:<{NAME_WIDTH}}") + verdict + Text("; ".join(shown))
