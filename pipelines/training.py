"""From a data folder to a model version that may be deployed."""

from zenml import pipeline

import materializers  # noqa: F401  registers how our types travel
from adclick.card.code_version import CodeVersion
from adclick.config import RunConfig
from adclick.schema import Schema
from adclick.training.start import Start
from steps.build_bundle import build_bundle
from steps.check_serving import check_serving
from steps.decide import decide
from steps.evaluate import evaluate
from steps.explain import explain
from steps.find_champion import find_champion
from steps.find_start import find_start
from steps.fit_encoder import fit_encoder
from steps.ingest import ingest
from steps.register import register
from steps.split import split
from steps.statistics import statistics
from steps.train import train
from steps.train_baseline import train_baseline
from steps.tune import tune
from steps.validate import validate
from steps.write_card import write_card


@pipeline
def training(data: str, schema: Schema, model: str, config: RunConfig, code: CodeVersion) -> None:
    """Ingest, train, compare with the champion, decide, and register what came of it."""
    log = ingest(data, schema, config.months)
    described = statistics(log, config.anomalies)
    validation = validate(described)
    rows = split(log, config.split, after=[validation])
    encoder = fit_encoder(log, rows)
    options = config.training
    if config.tuning.trials:
        options, _ = tune(log, rows, options, config.tuning, config.split)
    start = find_start(model, rows) if config.training.warm_start else Start()
    trained, fingerprint = train(log, rows, encoder, start, options)
    baselines = train_baseline(log, rows, encoder)
    explanation = explain(log, rows, encoder, trained)
    champion = find_champion(model, fingerprint)
    evaluation = evaluate(log, rows, encoder, trained, baselines, champion, config.evaluation)
    bundle = build_bundle(log, rows, encoder, trained)
    served = check_serving(log, rows, encoder, trained, bundle)
    decision = decide(evaluation, validation, rows, served, config.policy)
    card = write_card(
        model, bundle, log, rows, config, code, champion, evaluation, decision, served
    )
    # all that the run made belongs to the version
    register(model, fingerprint, bundle, log, rows, card, after=[explanation])
