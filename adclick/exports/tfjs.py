"""Export for TF.js: Node and a page that works offline, with the encoder in JavaScript."""

from __future__ import annotations

import json
import os
import re
import tempfile
from html import unescape
from pathlib import Path

import keras
import tensorflow as tf

from adclick.errors import AdclickError
from adclick.exports import javascript, shipped
from adclick.exports.material import Material
from adclick.exports.runtimes import Runtimes, run, scores_of
from adclick.quiet import without_chatter

TOLERANCE = 1e-5
CONVERT = shipped.FILES / "tfjs_convert.py"
PAGE = "index.html"
# so that whatever the page would fetch is not there
OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND"
# of the page's own clock, which runs as fast as the page does
PAGE_MILLISECONDS = 120_000


def export_tfjs(material: Material, folder: Path, runtimes: Runtimes) -> list[str]:
    """Write model, encoder, example and page; returns what was checked.

    The page is looked at in Chromium or Chrome where one is installed. Raises AdclickError where
    scores or encodings differ.
    """
    proven = javascript.write_encoder(folder, material, runtimes)
    with tempfile.TemporaryDirectory(prefix="adclick-tfjs-") as place:
        names = _save(material, Path(place) / "saved")
        command = [runtimes.export_python, str(CONVERT), f"{place}/saved", place, *names]
        run(command, Path(place))
        javascript.write_model(folder, material, Path(place))
    javascript.write_page(folder, material, runtimes)
    shipped.write_golden(folder, material, TOLERANCE)
    scores = scores_of([runtimes.node, "example.js", "--json"], folder)
    return [
        proven,
        shipped.check_golden(material, scores, TOLERANCE, "TF.js in Node"),
        _look_at(material, folder, runtimes.browser),
    ]


def _save(material: Material, folder: Path) -> list[str]:
    """Save the networks as signatures of a SavedModel; returns their names."""
    networks = {"head": material.model.head, "tower": material.model.tower}
    module, signatures = tf.Module(), {}
    for name, network in networks.items():
        if network is not None:
            # tracked, or its weights would not be saved
            setattr(module, name, network)
            signatures[name] = _signature(network)
    with without_chatter():
        tf.saved_model.save(module, str(folder), signatures=signatures)
    return list(signatures)


def _signature(network: keras.Model) -> tf.types.experimental.ConcreteFunction:
    """A function of the network's inputs by name; TF.js has no eight-bit integers."""
    types = {part.name: part.dtype for part in network.inputs}
    specs = {
        part.name: tf.TensorSpec(
            part.shape, "int32" if part.dtype == "uint8" else part.dtype, name=part.name
        )
        for part in network.inputs
    }

    @tf.function(autograph=False)
    def call(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"output": network([tf.cast(inputs[name], kind) for name, kind in types.items()])}

    return call.get_concrete_function(**specs)


def _look_at(material: Material, folder: Path, browser: str | None) -> str:
    """What the page found of itself in a headless browser that has no network."""
    if browser is None:
        return "page: not looked at, since neither Chromium nor Chrome is installed"
    with tempfile.TemporaryDirectory(prefix="adclick-browser-") as profile:
        command = browser_command(browser, Path(profile))
        address = f"{(folder / PAGE).resolve().as_uri()}#check"
        dom = run([*command, "--dump-dom", address], folder)
    told = re.search(r'<pre id="check"[^>]*>(.*?)</pre>', dom, re.DOTALL)
    if told is None or not told.group(1):
        raise AdclickError(f"the page {PAGE} told nothing in {Path(browser).name}: no export")
    found = json.loads(unescape(told.group(1)))
    if not found["embedding"] <= TOLERANCE * 10:
        raise AdclickError(f"the page embeds a picture by {found['embedding']:.1e} otherwise")
    if len(found["shown"]) > 1 and not found["shown"][2]:
        raise AdclickError("the page does not tell how another ad changes the score: no export")
    where = f"TF.js in a page ({Path(browser).name}, offline)"
    return shipped.check_golden(material, found["scores"], TOLERANCE, where)


def browser_command(browser: str, profile: Path) -> list[str]:
    """The browser without a window, in a profile of its own and without a network."""
    rights = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return [
        browser,
        "--headless=new",
        "--disable-gpu",
        f"--user-data-dir={profile}",
        f"--virtual-time-budget={PAGE_MILLISECONDS}",
        OFFLINE,
        *rights,
    ]
