"""A small serving bundle without TensorFlow: a linear ONNX head over a hand-built encoder."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from adclick.bundle.bundle import GoldenRequest, ServingBundle
from adclick.bundle.scorer import Scorer
from adclick.bundle.write import write_creatives, write_golden, write_manifest, write_parts
from adclick.encoding.candidate import parse_candidates
from adclick.encoding.encoder import CategoricalEncoding, FeatureEncoder, NumericEncoding
from adclick.model.calibration import Calibration
from adclick.schema import Schema

TOLERANCE = 1e-6
CREATIVES = ("ad-1", "ad-2", "ad-3")
SITES = ("news", "sport")
EMBEDDING = 3
REACH = 1000


def tiny_schema(images: bool = True) -> Schema:
    """A schema with a column of each role that a request may name."""
    columns: dict[str, Any] = {
        "impression": {"role": "id"},
        "shown_at": {"role": "time"},
        "clicked": {"role": "label"},
        "creative": {"role": "creative"},
        "image": {"role": "image", "height": 8, "width": 8},
        "site": {"role": "categorical"},
        "device": {"role": "categorical", "allowed": ["phone", "desktop"], "default": "phone"},
        "age": {"role": "numeric", "min": 0, "max": 120},
        "price": {"role": "numeric", "min": 0, "log": True, "default": 1.0},
        "score": {"role": "numeric"},
    }
    if not images:
        del columns["image"]
    return Schema.model_validate({"name": "tiny", "rows": "*.csv", "columns": columns})


def tiny_encoder(images: bool = True) -> FeatureEncoder:
    """An encoder for `tiny_schema`."""
    categorical = [
        CategoricalEncoding(name="site", values=SITES),
        CategoricalEncoding(name="device", values=("phone", "desktop")),
    ]
    if not images:
        categorical.append(CategoricalEncoding(name="creative", values=CREATIVES))
    numeric = (
        NumericEncoding(name="age", log=False, mean=40.0, scale=15.0, edges=(20.0, 40.0)),
        NumericEncoding(name="price", log=True, mean=1.0, scale=0.5, edges=(0.5, 1.5)),
        NumericEncoding(name="score", log=False, mean=0.0, scale=1.0, edges=(0.0,)),
    )
    return FeatureEncoder(time="shown_at", categorical=tuple(categorical), numeric=numeric)


def linear_head(
    encoder: FeatureEncoder, embedding: int | None, bias: float, fragile: bool = False
) -> bytes:
    """An ONNX head: logit = bias + categorical @ a + numeric @ b + creative @ c.

    A `fragile` one looks up a zero by its largest number, and fails at one of REACH or more.
    """
    rng = np.random.default_rng(7)
    inputs = {
        "categorical": (TensorProto.INT32, len(encoder.slot_counts)),
        "numeric": (TensorProto.FLOAT, len(encoder.numeric)),
    }
    if embedding is not None:
        inputs["creative"] = (TensorProto.FLOAT, embedding)
    weights = [numpy_helper.from_array(np.array([bias], np.float32), "bias")]
    nodes = []
    total = "bias"
    for name, (_, width) in inputs.items():
        values = rng.normal(scale=0.1, size=(width, 1)).astype(np.float32)
        weights.append(numpy_helper.from_array(values, f"{name}_weights"))
        nodes += [
            helper.make_node("Cast", [name], [f"{name}_float"], to=TensorProto.FLOAT),
            helper.make_node("MatMul", [f"{name}_float", f"{name}_weights"], [f"{name}_part"]),
            helper.make_node("Add", [total, f"{name}_part"], [f"{name}_total"]),
        ]
        total = f"{name}_total"
    if fragile:
        weights.append(numpy_helper.from_array(np.zeros(REACH, np.float32), "zeros"))
        nodes += [
            helper.make_node("Abs", ["numeric"], ["size"]),
            helper.make_node("ReduceMax", ["size"], ["largest"], axes=[1]),
            helper.make_node("Cast", ["largest"], ["place"], to=TensorProto.INT64),
            helper.make_node("Gather", ["zeros", "place"], ["zero"]),
            helper.make_node("Add", [total, "zero"], ["fragile_total"]),
        ]
        total = "fragile_total"
    graph = helper.make_graph(
        nodes,
        "head",
        [helper.make_tensor_value_info(n, kind, ["n", w]) for n, (kind, w) in inputs.items()],
        [helper.make_tensor_value_info(total, TensorProto.FLOAT, ["n", 1])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def tiny_tower() -> bytes:
    """An ONNX tower: an image's embedding is its mean colour."""
    nodes = [
        helper.make_node("Cast", ["images"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["pixels"], ["sums"], axes=[1, 2], keepdims=0),
        helper.make_node("Div", ["sums", "white"], ["embedding"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tower",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["n", 8, 8, 3])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", EMBEDDING])],
        [numpy_helper.from_array(np.array(255, np.float32), "white")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def example(**changes: Any) -> dict[str, Any]:
    """A good candidate of `tiny_schema`."""
    return {
        "shown_at": "2024-05-03T17:20:00",
        "creative": "ad-1",
        "site": "news",
        "device": "desktop",
        "age": 33,
        "price": 2.5,
        "score": -0.25,
        **changes,
    }


GOLDEN = (
    example(),
    example(creative="ad-3", site="blog", age=71.5),
    example(creative=None, device="", price=None, shown_at="2024-05-04T03:00:00+02:00"),
)


@dataclass(frozen=True)
class Wrong:
    """Errors to build into a bundle: added to the golden score of this number."""

    golden: int
    by: float


def tiny_bundle(
    folder: Path,
    version: str = "v1",
    *,
    images: bool = True,
    bias: float = -2.0,
    wrong: Wrong | None = None,
    fragile: bool = False,
) -> ServingBundle:
    """Write a bundle for `tiny_schema`; bundles of different `bias` score differently."""
    schema, encoder = tiny_schema(images), tiny_encoder(images)
    head = linear_head(encoder, EMBEDDING if images else None, bias, fragile)
    write_parts(folder, schema, encoder, head)
    if images:
        embeddings = np.random.default_rng(3).normal(size=(1 + len(CREATIVES), EMBEDDING))
        write_creatives(folder, tiny_tower(), CREATIVES, embeddings.astype(np.float32))

    def finish() -> ServingBundle:
        return write_manifest(
            folder,
            version=version,
            training_months=("2024-04",),
            trained_on="tiny",
            calibration=Calibration(slope=0.9, intercept=0.1),
            tolerance=TOLERANCE,
        )

    scores = expected(finish(), GOLDEN)
    if wrong is not None:
        scores[wrong.golden] += wrong.by
    pairs = zip(GOLDEN, scores, strict=True)
    write_golden(folder, [GoldenRequest(features=row, score=score) for row, score in pairs])
    return finish()


def expected(bundle: ServingBundle, rows: Sequence[dict[str, Any]]) -> list[float]:
    """The scores that a server of `bundle` has to give `rows`."""
    return scores_of(Scorer(bundle), rows)


def scores_of(scorer: Scorer, rows: Sequence[dict[str, Any]]) -> list[float]:
    """The scores of `rows` without a server."""
    return list(scorer.score(parse_candidates(scorer.bundle.schema, rows)).tolist())


def candidates() -> st.SearchStrategy[dict[str, Any]]:
    """Good candidates of `tiny_schema`, with known and unknown values and with gaps."""
    text = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=8)
    text = text.filter(str.strip)
    number = st.floats(-1e6, 1e6, allow_nan=False)
    return st.fixed_dictionaries(
        {
            "shown_at": st.datetimes().map(lambda time: time.isoformat()),
            "creative": st.sampled_from([*CREATIVES, None]) | text,
            "site": st.sampled_from(SITES) | text | st.integers(),
            "age": st.floats(0, 120) | st.integers(0, 120),
            "score": number | st.integers(-(2**70), 2**70),
        },
        optional={
            "device": st.sampled_from(["phone", "desktop", "", None]),
            "price": st.floats(0, 1e6) | st.none(),
        },
    )


def bad_values() -> list[tuple[str, Any]]:
    """(column, value) pairs that no candidate of `tiny_schema` may hold."""
    return [
        ("shown_at", None),
        ("shown_at", "yesterday"),
        ("shown_at", 17),
        ("creative", 5),
        ("creative", ""),
        ("site", None),
        ("site", 1.5),
        ("site", True),
        ("site", ["news"]),
        ("site", "\ud800"),
        ("device", "fridge"),
        ("age", None),
        ("age", "33"),
        ("age", True),
        ("age", -1),
        ("age", 121),
        ("age", math.nan),
        ("age", {"a": 1}),
        ("score", math.inf),
        ("score", 10**400),
        ("colour", "red"),
    ]
