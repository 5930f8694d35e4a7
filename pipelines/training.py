"""From a data folder to a model version that may be deployed."""

from zenml import pipeline

import materializers  # noqa: F401  registers how our types travel
from adclick.config import RunConfig
from adclick.schema import Schema
from steps.build_bundle import build_bundle
from steps.decide import decide
from steps.evaluate import evaluate
from steps.find_champion import find_champion
from steps.fit_encoder import fit_encoder
from steps.ingest import ingest
from steps.register import register
from steps.split import split
from steps.statistics import statistics
from steps.train import train
from steps.train_baseline import train_baseline
from steps.validate import validate


@pipeline
def training(data: str, schema: Schema, model: str, config: RunConfig) -> None:
    """Ingest, train, compare with the champion, decide, and register what came of it."""
    log = ingest(data, schema, config.months)
    described = statistics(log, config.anomalies)
    validation = validate(described)
    rows = split(log, config.split, after=[validation])
    encoder = fit_encoder(log, rows)
    trained, fingerprint = train(log, rows, encoder, config.training)
    baseline = train_baseline(log, rows, encoder)
    champion = find_champion(model, fingerprint)
    evaluation = evaluate(log, rows, encoder, trained, baseline, champion, config.evaluation)
    decision = decide(evaluation, validation, rows, config.policy)
    bundle = build_bundle(log, rows, encoder, trained)
    register(model, fingerprint, bundle, log, rows, champion, evaluation, decision)
