"""From a trained model to a serving bundle: ONNX export, embeddings, golden requests."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

import numpy as np

from adclick.adlog import AdLog
from adclick.bundle.bundle import GOLDEN, GoldenRequest, ServingBundle, load_bundle
from adclick.bundle.export import to_onnx
from adclick.bundle.scorer import Scorer
from adclick.bundle.write import write_creatives, write_golden, write_manifest, write_parts
from adclick.encoding.candidate import parse_candidates
from adclick.encoding.encoder import FeatureEncoder
from adclick.encoding.requests import features, request_rows
from adclick.errors import AdclickError
from adclick.model.click_model import ClickModel
from adclick.splitting import Split

GOLDEN_REQUESTS = 16
TOLERANCE = 1e-6
EXPORT_TOLERANCE = 1e-5


def build_bundle(
    log: AdLog, split: Split, encoder: FeatureEncoder, model: ClickModel, folder: Path
) -> ServingBundle:
    """Write the bundle of `model` into a folder, with the embeddings of all of the log's creatives.

    Golden requests are rows that calibrated the model; their answers come from the bundle itself.
    Raises AdclickError when those differ from what the Keras model says.
    """
    write_parts(folder, log.ad_schema, encoder, to_onnx(model.head))
    creatives = log.creatives()
    if model.tower is not None and creatives is not None:
        embeddings = np.concatenate([model.fallback[np.newaxis], model.embed(creatives.images)])
        write_creatives(folder, to_onnx(model.tower), creatives.ids, embeddings)
    finish = partial(
        write_manifest,
        folder,
        version=_version(log, encoder, model),
        training_months=split.training.months,
        trained_on=split.training.describe(),
        calibration=model.calibration,
        tolerance=TOLERANCE,
    )
    write_golden(folder, _golden(finish(draft=True), log, split, model))
    finish()
    return load_bundle(folder)


def _version(log: AdLog, encoder: FeatureEncoder, model: ClickModel) -> str:
    """The last training month and a hash: bundles that score alike have the same version."""
    creatives = log.creatives()
    content = [
        model.fingerprint,
        encoder.model_dump_json(),
        log.ad_schema.model_dump_json(),
        *(creatives.ids if creatives else ()),
    ]
    digest = hashlib.sha256("\n".join(content).encode()).hexdigest()
    return f"{max(model.training_months)}.{digest[:8]}"


def _golden(
    bundle: ServingBundle, log: AdLog, split: Split, model: ClickModel
) -> list[GoldenRequest]:
    rows = request_rows(log, split.calibration, GOLDEN_REQUESTS)
    requests = [features(log.ad_schema, row) for row in rows]
    candidates = parse_candidates(log.ad_schema, requests)
    scores = Scorer(bundle).score(candidates)
    embeddings = None
    creative = log.ad_schema.creative
    if bundle.has_images and creative is not None:
        row_of = {name: row for row, name in enumerate(bundle.creative_ids, start=1)}
        shown = [row_of[name] for name in candidates.columns[creative]]
        embeddings = bundle.creative_embeddings[shown]
    expected = model.predict(bundle.encoder.encode_candidates(candidates), embeddings)
    gap = float(np.abs(scores - expected).max(initial=0))
    if gap > EXPORT_TOLERANCE:
        raise AdclickError(
            f"bundle {bundle.version}: ONNX and Keras scores differ by {gap:.1e}, more than "
            f"{EXPORT_TOLERANCE:.0e}; {GOLDEN} was not written"
        )
    return [
        GoldenRequest(features=request, score=float(score))
        for request, score in zip(requests, scores, strict=True)
    ]
