"""Writes one artifact of each kind in the environment that it runs in, or reads those of another.

`python -m tests.gcp.exchange make|read|serve FOLDER`: `serve` reads what a server needs.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from adclick.bundle.bundle import load_bundle
from adclick.encoding.encoder import FeatureEncoder
from serving.golden import check_offline

SCHEMA = Path(__file__).resolve().parents[2] / "configs" / "schemas" / "sample.yaml"


def make(folder: Path) -> None:
    """An ad log, an encoder, a model, a baseline and a bundle, with what they answer here.

    The bundle's own server, started here, answers as the model does.
    """
    from adclick.bundle.build import build_bundle
    from adclick.encoding.fit import fit_encoder
    from adclick.evaluation.offline import make_replay
    from adclick.ingest.ingest import ingest
    from adclick.ingest.sources import find_source
    from adclick.sample_data.generate import generate
    from adclick.sample_data.options import SampleOptions
    from adclick.schema import load_schema
    from adclick.splitting import SplitOptions, split_by_time
    from adclick.training.baselines import train_baselines
    from adclick.training.options import TrainingOptions
    from adclick.training.train import train
    from serving.check import check_serving

    schema = load_schema(SCHEMA)
    options = SampleOptions(months=4, impressions=3_000, creatives_per_month=10, base_rate=0.3)
    source = find_source(str(generate(options, folder / "sample").data), schema)
    log = ingest(source, schema, str(folder / "logs"))
    split = split_by_time(log, SplitOptions())
    encoder = fit_encoder(log, split.training)
    model = train(log, split, encoder, TrainingOptions(epochs=1)).model
    baseline = train_baselines(log, split, encoder).logistic
    (folder / "model").mkdir()
    model.save(folder / "model")
    baseline.save(folder / "baseline.npz")
    bundle = build_bundle(log, split, encoder, model, folder / "bundle")
    tried = check_serving(bundle, make_replay(log, split, encoder, model))
    assert (tried.failed, tried.skew) == (0, ""), tried
    (folder / "log.json").write_text(log.model_dump_json())
    (folder / "encoder.json").write_text(encoder.model_dump_json())
    np.savez(folder / "answers.npz", **_answers(folder))


def read(folder: Path) -> None:
    """What the artifacts answer here is what they answered where they were made."""
    expected = np.load(folder / "answers.npz")
    for name, got in _answers(folder).items():
        np.testing.assert_allclose(got, expected[name], atol=1e-6, err_msg=name)
    serve(folder)


def serve(folder: Path) -> None:
    """The bundle's golden requests are answered right, without TensorFlow."""
    assert check_offline(load_bundle(folder / "bundle")).checked > 0
    assert FeatureEncoder.model_validate_json((folder / "encoder.json").read_bytes())


def _answers(folder: Path) -> dict[str, np.ndarray]:
    from adclick.adlog import AdLog
    from adclick.model.baseline import load_baseline
    from adclick.model.click_model import load_click_model
    from adclick.training.encoded_rows import encode_rows

    log = AdLog.model_validate_json((folder / "log.json").read_bytes())
    encoder = FeatureEncoder.model_validate_json((folder / "encoder.json").read_bytes())
    table = log.creatives()
    assert table is not None
    model = load_click_model(folder / "model")
    with tempfile.TemporaryDirectory() as scratch:
        last = log.everything(log.month_names[-1])
        rows = encode_rows(log, last, encoder, Path(scratch) / "rows")
    embedded = model.embed(table.images)
    return {
        "embedded": embedded,
        "model": model.predict(rows.encoded, embedded[rows.creative]),
        "baseline": load_baseline(folder / "baseline.npz").predict(rows.encoded),
        "codes": rows.encoded.categorical,
    }


if __name__ == "__main__":
    {"make": make, "read": read, "serve": serve}[sys.argv[1]](Path(sys.argv[2]))
