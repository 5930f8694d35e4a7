"""The same question to Evidently's presets, on all rows in memory: `... presets FOLDER`.

With the distances and bounds that our checks have: by default it would take others by column.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from adclick.adlog import CLICKS, AdLog
from adclick.monitoring.checks import DriftChecks
from adclick.monitoring.quiet import quiet_evidently
from benchmarks.ingest.stopwatch import tell, timed
from benchmarks.monitoring.log import MONTHS, NUMBERS, SCORE, TEXTS, load

with quiet_evidently():
    from evidently import BinaryClassification, DataDefinition, Dataset, Report
    from evidently.presets import ClassificationPreset, DataDriftPreset, DataSummaryPreset


def main() -> None:
    """Report, and tell which columns drifted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    log = load(parser.parse_args().folder)
    with quiet_evidently():
        drifted, took = timed(lambda: reported(log, DriftChecks()))
    tell(took, drifted=drifted)


def reported(log: AdLog, checks: DriftChecks) -> dict[str, bool]:
    """Whether each column drifted, from a report with its page."""
    definition = DataDefinition(
        numerical_columns=list(NUMBERS),
        categorical_columns=list(TEXTS),
        classification=[
            BinaryClassification(target=CLICKS, prediction_probas=SCORE, prediction_labels=None)
        ],
    )
    reference, current = (
        Dataset.from_pandas(frame(log, name), data_definition=definition) for name in MONTHS
    )
    columns = [*TEXTS, *NUMBERS]
    report = Report(
        [
            DataDriftPreset(
                columns=columns,
                cat_method="psi",
                num_method="wasserstein",
                cat_threshold=checks.psi,
                num_threshold=checks.wasserstein,
            ),
            DataSummaryPreset(columns=columns),
            ClassificationPreset(),
        ]
    )
    run = report.run(current, reference)
    run.get_html_str(as_iframe=False)
    return _drifted(run.dict(), checks)


def frame(log: AdLog, month: str) -> pd.DataFrame:
    """The month's rows."""
    wanted = [*TEXTS, *NUMBERS, SCORE, CLICKS]
    return log.table(log.everything(month), wanted).to_pandas()


def _drifted(found: dict, checks: DriftChecks) -> dict[str, bool]:  # type: ignore[type-arg]
    bounds = dict.fromkeys(TEXTS, checks.psi) | dict.fromkeys(NUMBERS, checks.wasserstein)
    values = {
        metric["config"]["column"]: float(metric["value"])
        for metric in found["metrics"]
        if "ValueDrift" in metric["metric_name"]
    }
    return {name: values[name] > bound for name, bound in bounds.items()}


if __name__ == "__main__":
    main()
