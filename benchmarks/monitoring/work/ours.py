"""All checks and the report on the second month of a log: `... ours FOLDER`.

Both months' statistics are described anew, and both months' scores are judged.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa

from adclick.adlog import AdLog
from adclick.arrays import Float64
from adclick.monitoring.checks import DriftChecks
from adclick.monitoring.drift import drift_report
from adclick.monitoring.frames import sample_frame
from adclick.monitoring.performance import Performance, measure_performance
from adclick.monitoring.profile import month_profile
from adclick.monitoring.quiet import quiet_evidently
from adclick.monitoring.reference import Reference
from adclick.monitoring.report import DriftReport
from adclick.monitoring.slice_codes import SliceCodes
from adclick.statistics.describe import describe_month
from benchmarks.ingest.stopwatch import tell, timed
from benchmarks.monitoring.log import MONTHS, SCORE, load

with quiet_evidently():
    import adclick.monitoring.evidence  # noqa: F401  imports are not timed


def main() -> None:
    """Check and report, and tell which columns drifted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    log, checks = load(parser.parse_args().folder), DriftChecks()
    report, took = timed(lambda: checked(log, checks))
    drifted = {str(f.column): not f.ok for f in report.findings if f.check == "drift"}
    tell(took, drifted=drifted, checks=len(report.findings), verdict=report.verdict)


def checked(log: AdLog, checks: DriftChecks) -> DriftReport:
    """The report on the second month against the first."""
    before, after = (month_profile(describe_month(log, name)) for name in MONTHS)
    slices = SliceCodes(before, None)
    tested, watched = (performance(log, name, slices, checks) for name in MONTHS)
    reference = Reference.of([before], checks).model_copy(update={"tested": tested})
    samples = [sample_frame(log, log.everything(name), checks.rows) for name in MONTHS]
    return drift_report(
        log.months[1].last,
        reference=reference,
        current=after,
        samples=(samples[0], samples[1]),
        schema=log.ad_schema,
        checks=checks,
        performance=watched,
    )


def performance(log: AdLog, month: str, slices: SliceCodes, checks: DriftChecks) -> Performance:
    """How good the scores are that the log comes with."""
    batches = log.batches(log.everything(month))
    least = checks.slices.min_impressions
    return measure_performance(batches, _score, log.ad_schema, slices, least)


def _score(batch: pa.RecordBatch) -> Float64:
    return np.asarray(batch.column(SCORE).to_numpy())


if __name__ == "__main__":
    main()
