"""Timing the functions that do a run's work, in whichever process they are called.

A step is a thin wrapper around one of them: what a run takes beside them is orchestration, imports
and the interpreter. `python -m benchmarks.functions SCRIPT ARGUMENT...` runs a script with them
timed, without a change to it.
"""

from __future__ import annotations

import json
import runpy
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import wrapt

from benchmarks.processes import REPOSITORY
from stacks.environment import state_folder

# by the name of the step that calls them
FUNCTIONS: Mapping[str, tuple[str, ...]] = {
    "generate": ("adclick.sample_data.generate:generate",),
    "ingest": ("adclick.ingest.ingest:ingest",),
    "statistics": ("adclick.statistics.log:describe_log",),
    "validate": ("adclick.statistics.log:validate_log",),
    "split": ("adclick.splitting:split_by_time",),
    "fit_encoder": ("adclick.encoding.fit:fit_encoder",),
    "train": ("adclick.training.train:train",),
    "train_baseline": ("adclick.training.baselines:train_baselines",),
    "build_bundle": ("adclick.bundle.build:build_bundle",),
    "check_serving": (
        "adclick.evaluation.offline:make_replay",
        "serving.check:check_serving",
    ),
    "explain": ("adclick.explanation.explain:explain",),
    "evaluate": ("adclick.evaluation.contest:contest",),
    "decide": ("adclick.evaluation.decision:decide",),
    "deploy": ("serving.processes:LocalSeldon.deploy",),
    "send_traffic": ("adclick.encoding.requests:request_rows", "serving.traffic:send_traffic"),
    "collect_predictions": ("adclick.feedback.predictions:read_labelled",),
    "profile_reference": ("adclick.monitoring.months:profile_reference",),
    "report_months": ("adclick.monitoring.months:report_months",),
    "report_predictions": ("adclick.monitoring.predictions:report_predictions",),
    "publish_reports": ("adclick.monitoring.workspace:publish",),
}
CALLS = "calls.jsonl"


class Stopwatch:
    """Writes the seconds of each call of a function to a file, as a line of JSON.

    A function that another of them calls is the other's work.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._running = False

    def watch(self, step: str, function: str) -> None:
        """Time the function ("module:name") as the step's, from when its module is imported."""
        module, name = function.split(":")
        wrapt.register_post_import_hook(
            lambda imported: wrapt.wrap_function_wrapper(imported, name, self._timed(step)), module
        )

    def _timed(self, step: str) -> Callable[..., Any]:
        def timed(
            function: Callable[..., Any],
            instance: object,
            arguments: tuple[Any, ...],
            named: dict[str, Any],
        ) -> Any:
            if self._running:
                return function(*arguments, **named)
            self._running = True
            started = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                self._running = False
                self._write(step, time.perf_counter() - started)

        return timed

    def _write(self, step: str, seconds: float) -> None:
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps([step, seconds]) + "\n")


def seconds_by_step(home: Path) -> dict[str, float]:
    """What the functions took in the process that was timed below `home`, by step."""
    seconds: dict[str, float] = {}
    for line in (home / CALLS).read_text(encoding="utf-8").splitlines():
        step, took = json.loads(line)
        seconds[step] = seconds.get(step, 0.0) + took
    return seconds


def main() -> None:
    """Run the script that the arguments name, with functions timed."""
    stopwatch = Stopwatch(state_folder(REPOSITORY) / CALLS)
    for step, functions in FUNCTIONS.items():
        for function in functions:
            stopwatch.watch(step, function)
    del sys.argv[0]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
