"""The work of a sample run as plain function calls in one process: what a run would cost at least.

Prints nothing and keeps no artifacts but those that are the work's own: sample data, ad log,
bundle, server, prediction log and reports. Its process is set up as a run's is, and leaves its
server running as a run does.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adclick.config import RunConfig, load_config
from adclick.encoding.fit import fit_encoder
from adclick.encoding.requests import request_rows
from adclick.evaluation.decision import decide
from adclick.ingest.ingest import ingest
from adclick.ingest.sources import find_source
from adclick.monitoring.quiet import quiet_evidently
from adclick.monitoring.workspace import publish
from adclick.prediction_log import read_predictions
from adclick.sample_data.generate import generate
from adclick.schema import Schema, load_schema
from adclick.splitting import split_by_time
from adclick.validation import validate_log
from benchmarks.processes import REPOSITORY, local_seldon
from serving.traffic import send_traffic
from stacks.environment import exit_quickly, prepare, state_folder

RESULT = "direct.json"
CONFIG = REPOSITORY / "configs" / "local.yaml"
SCHEMA = REPOSITORY / "configs" / "schemas" / "sample.yaml"
IMPORTS = "imports of "


class Laps:
    """Seconds of each part of the work, by the name of the step that does it in a run."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def lap(self, name: str) -> Iterator[None]:
        """Count what happens inside as `name`."""
        started = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - started


def run_directly(home: Path, port: int, config: RunConfig, schema: Schema) -> dict[str, object]:
    """Do a sample run's work below `home`; returns the version that serves and each lap's seconds.

    What is slow to import has laps of its own, since it is no work of our functions.
    """
    laps = Laps()
    lap = laps.lap
    with lap("generate"):
        sample = generate(config.sample_data, home / "sample_data")
    with lap("find_data"):
        source = find_source(str(sample.data), schema)
    with lap("ingest"):
        log = ingest(source, schema, str(home / "ad_logs"))
    with lap("validate"):
        validate_log(log)
    with lap("split"):
        split = split_by_time(log, config.split)
    with lap("fit_encoder"):
        encoder = fit_encoder(log, split.training)
    with lap(f"{IMPORTS}train"):
        from adclick.bundle.build import build_bundle
        from adclick.evaluation.contest import contest
        from adclick.training.baseline import train_baseline
        from adclick.training.train import train
    with lap("train"):
        trained = train(log, split, encoder, config.training)
    with lap("train_baseline"):
        baseline = train_baseline(log, split, encoder)
    with lap("build_bundle"):
        bundle = build_bundle(log, split, encoder, trained.model, home / "bundle")
    with lap("evaluate"):
        evaluation = contest(log, split, encoder, trained.model, baseline, None, config.evaluation)
    with lap("decide"):
        decide(evaluation, config.policy)
    seldon = local_seldon(home, port)
    with lap("deploy"):
        deployment = seldon.deploy(bundle)
    with lap("send_traffic"):
        rows = request_rows(log, split.test, config.traffic.requests)
        send_traffic(deployment.url, schema, rows, config.traffic.connections)
    with lap("collect_predictions"):
        predictions = read_predictions(home / "serving" / "predictions", schema, bundle.version)
    with lap(f"{IMPORTS}report_months"), quiet_evidently():
        import adclick.monitoring.evidence  # noqa: F401
        from adclick.monitoring.months import report_months
        from adclick.monitoring.predictions import report_predictions
    with lap("report_months"):
        months = report_months(log, split.training, config.monitoring)
    with lap("report_predictions"):
        predicted = report_predictions(log, split.test, bundle, predictions, config.monitoring)
    with lap("publish_reports"):
        for report in (*months.reports, *predicted.reports):
            publish(report, str(home / "evidently"), schema.name)
    return {"version": deployment.version, "seconds": laps.seconds}


def main() -> None:
    """Work below $ADCLICK_HOME, serve on $ADCLICK_SELDON_PORT, and write what it took there."""
    home = state_folder(REPOSITORY)
    prepare(REPOSITORY, home)
    port = int(os.environ["ADCLICK_SELDON_PORT"])
    result = run_directly(home, port, load_config(CONFIG), load_schema(SCHEMA))
    (home / RESULT).write_text(json.dumps(result), encoding="utf-8")
    exit_quickly()


if __name__ == "__main__":
    main()
