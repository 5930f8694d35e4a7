"""The work of a sample run as plain function calls in one process: what a run would cost at least.

Prints nothing and keeps no artifacts but those that are the work's own: sample data, ad log,
bundle, server, prediction log and reports. Its process is set up as a run's is, and leaves its
server running as a run does.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from adclick.config import RunConfig, load_config
from adclick.encoding.fit import fit_encoder
from adclick.encoding.requests import request_rows
from adclick.evaluation.decision import decide
from adclick.feedback.predictions import read_labelled
from adclick.ingest.ingest import ingest
from adclick.ingest.sources import find_source
from adclick.monitoring.quiet import quiet_evidently
from adclick.monitoring.workspace import publish
from adclick.sample_data.generate import generate
from adclick.schema import Schema, load_schema
from adclick.splitting import split_by_time
from adclick.statistics.log import describe_log, validate_log
from benchmarks.processes import REPOSITORY, local_seldon
from serving.check import check_serving
from serving.traffic import send_traffic
from stacks.environment import exit_quickly, prepare, state_folder

SERVED = "served"
CONFIG = REPOSITORY / "configs" / "local.yaml"
SCHEMA = REPOSITORY / "configs" / "schemas" / "sample.yaml"


def run_directly(home: Path, port: int, config: RunConfig, schema: Schema) -> str:
    """Do a sample run's work below `home`; returns the version that serves.

    What is slow to import is imported when it is needed, as steps do.
    """
    sample = generate(config.sample_data, home / "sample_data")
    source = find_source(str(sample.data), schema)
    log = ingest(source, schema, str(home / "ad_logs"))
    validation = validate_log(describe_log(log, config.anomalies))
    split = split_by_time(log, config.split)
    encoder = fit_encoder(log, split.training)
    from adclick.bundle.build import build_bundle
    from adclick.evaluation.contest import contest
    from adclick.evaluation.offline import make_replay
    from adclick.explanation.explain import explain
    from adclick.training.baselines import train_baselines
    from adclick.training.train import train

    trained = train(log, split, encoder, config.training)
    baselines = train_baselines(log, split, encoder)
    explain(log, split, encoder, trained.model)
    bundle = build_bundle(log, split, encoder, trained.model, home / "bundle")
    evaluation = contest(log, split, encoder, trained.model, baselines, None, config.evaluation)
    serving = check_serving(bundle, make_replay(log, split, encoder, trained.model))
    decide(evaluation, config.policy, validation.anomalies, serving)
    deployment = local_seldon(home, port).deploy(bundle)
    rows = request_rows(log, split.test, config.traffic.requests)
    send_traffic(deployment.url, schema, rows, config.traffic.connections)
    logged, now = home / "serving" / "predictions", datetime.now(UTC)
    predictions = read_labelled(logged, schema, bundle.version, config.feedback, now)
    with quiet_evidently():
        import adclick.monitoring.evidence  # noqa: F401
        from adclick.monitoring.months import profile_reference, report_months
        from adclick.monitoring.predictions import report_predictions
    checks = config.monitoring
    reference = profile_reference(log, split, bundle, checks)
    months = report_months(log, log, split, bundle, reference, checks)
    predicted = report_predictions(log, log, split, bundle, reference, predictions, checks)
    publish((*months.reports, *predicted.reports), str(home / "evidently"), schema.name)
    return deployment.version


def main() -> None:
    """Work below $ADCLICK_HOME, serve on $ADCLICK_SELDON_PORT, and write which version serves."""
    home = state_folder(REPOSITORY)
    prepare(REPOSITORY, home)
    port = int(os.environ["ADCLICK_SELDON_PORT"])
    version = run_directly(home, port, load_config(CONFIG), load_schema(SCHEMA))
    (home / SERVED).write_text(version, encoding="utf-8")
    exit_quickly()


if __name__ == "__main__":
    main()
