"""The JavaScript of an export: the encoder made of its specification, the model as data."""

from __future__ import annotations

import base64
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from adclick.arrays import UInt8
from adclick.encoding.candidate import parse_candidates
from adclick.encoding.encoder import EPOCH_WEEKDAY, HOUR, HOURS, WEEKDAYS
from adclick.errors import AdclickError
from adclick.exports import shipped
from adclick.exports.material import Material
from adclick.exports.random_rows import random_requests
from adclick.exports.runtimes import Runtimes, last_line, run

SOURCES = shipped.FILES / "javascript"
ENCODE = Path(__file__).parent / "node" / "encode.js"
PLACE = "/*SPECIFICATION*/ null"
ENCODER, MODEL, DATA = "encoder.js", "model.js", "demo_data.js"
STATIC = ("click_model.js", "example.js", "index.html", "demo.css", "demo.js")
ADS = 24
# directives of strptime that encoder.js knows
DIRECTIVES = frozenset("YymdHIMSfpBbz%")


def write_encoder(folder: Path, material: Material, runtimes: Runtimes) -> str:
    """Write encoder.js, made of the specification; returns what was proven of it.

    Raises AdclickError when Node encodes one of many random requests otherwise than the bundle,
    and for a time format that it cannot read.
    """
    _check_format(material.spec.time_format)
    source = (SOURCES / ENCODER).read_text(encoding="utf-8")
    made = source.replace(PLACE, _script(json.loads(material.spec.model_dump_json())))
    (folder / ENCODER).write_text(made, encoding="utf-8")
    requests = random_requests(material.bundle)
    listed = folder / "requests.json"
    listed.write_text(json.dumps(requests), encoding="utf-8")
    try:
        output = run([runtimes.node, str(ENCODE), str(folder / ENCODER), str(listed)], folder)
    finally:
        listed.unlink()
    return shipped.agreed("JavaScript", material, requests, last_line(output))


def _check_format(time_format: str) -> None:
    if time_format in ("iso", "epoch"):
        return
    used = {part[0] for part in time_format.split("%")[1:] if part} | {"%"} & {time_format[-1:]}
    if unknown := sorted(used - DIRECTIVES):
        raise AdclickError(
            f"times of the format {time_format!r} cannot be read in JavaScript: "
            f"%{unknown[0]} is none of %{', %'.join(sorted(DIRECTIVES))}"
        )


def write_model(folder: Path, material: Material, networks: Path) -> None:
    """Write model.js: networks as the converter left them in folders, embeddings and ids."""
    bundle = material.bundle
    data: dict[str, Any] = {"head": _network(networks / "head")}
    if bundle.has_images:
        table = np.ascontiguousarray(bundle.creative_embeddings, "<f4").tobytes()
        data["tower"] = _network(networks / "tower")
        data["creatives"] = {"ids": list(bundle.creative_ids), "embeddings": _base64(table)}
    text = f"const CLICK_MODEL = {_script(data)};\n"
    text += 'if (typeof module === "object" && module.exports) module.exports = CLICK_MODEL;\n'
    (folder / MODEL).write_text(text, encoding="utf-8")


def _network(folder: Path) -> dict[str, Any]:
    """A graph model of TF.js with its weights in it."""
    model = json.loads((folder / "model.json").read_bytes())
    (group,) = model["weightsManifest"]
    weights = b"".join((folder / name).read_bytes() for name in group["paths"])
    return {
        "topology": model["modelTopology"],
        "signature": model.get("signature"),
        "weightSpecs": group["weights"],
        "weights": _base64(weights),
    }


def write_page(folder: Path, material: Material, runtimes: Runtimes) -> None:
    """Write the page and the example with what they need: TF.js, some ads, a context to begin."""
    for name in STATIC:
        shutil.copy(SOURCES / name, folder)
    shutil.copy(runtimes.tfjs, folder / "tf.min.js")
    first = material.bundle.golden[0].features
    time = parse_candidates(material.bundle.schema, [first]).columns[material.spec.time][0]
    demo = {
        "request": first,
        "hour": time // HOUR % HOURS,
        "weekday": (time // HOUR // HOURS + EPOCH_WEEKDAY) % WEEKDAYS,
        "ads": _ads(material),
        "golden": [golden.features for golden in material.bundle.golden],
    }
    (folder / DATA).write_text(f"const DEMO = {_script(demo)};\n", encoding="utf-8")


def _ads(material: Material) -> list[dict[str, str]]:
    """Some creatives that the model knows, spread over those of the log, as they were learned."""
    table = material.log.creatives() if material.bundle.has_images else None
    if table is None:
        return []
    known = set(material.bundle.creative_ids)
    rows = [row for row, name in enumerate(table.ids) if name in known]
    chosen = np.unique(np.linspace(0, len(rows) - 1, min(ADS, len(rows))).round().astype(int))
    return [
        {"id": table.ids[rows[at]], "image": _png(np.asarray(table.images[rows[at]]))}
        for at in chosen.tolist()
    ]


def _png(pixels: UInt8) -> str:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{_base64(file.getvalue())}"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _script(data: Any) -> str:
    """Data as a JavaScript literal that no HTML ends."""
    return json.dumps(data).replace("<", "\\u003c")
