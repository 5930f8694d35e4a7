"""Exports by name: a folder that appears whole, once its runtime has scored as the model does."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from string import Template

from adclick.errors import AdclickError
from adclick.exports import shipped
from adclick.exports.material import Material
from adclick.exports.runtimes import Runtimes

FILE = "export.json"

type Export = Callable[[Material, Path, Runtimes], list[str]]


def export(target: str, material: Material, out: Path, runtimes: Runtimes) -> list[str]:
    """Write the export to the folder `out`, which is new, empty, or an earlier export of the kind.

    Returns what was checked, a line each. Raises AdclickError for a folder with other things in
    it, and where the runtime scores otherwise than the model: nothing is written then.
    """
    _check_folder(out, target)
    out.parent.mkdir(parents=True, exist_ok=True)
    # beside it, so that it can be moved in one piece
    with tempfile.TemporaryDirectory(prefix=".adclick-export-", dir=out.parent) as place:
        made = Path(place) / "export"
        made.mkdir()
        checked = _export_of(target)(material, made, runtimes)
        _write_readme(made, target, material.bundle.version, checked)
        (made / FILE).write_text(
            json.dumps({"target": target, "version": material.bundle.version, "checked": checked}),
            encoding="utf-8",
        )
        if out.exists():
            shutil.rmtree(out)
        made.rename(out)
    return checked


def _export_of(target: str) -> Export:
    # imported when asked for: all but the first load TensorFlow
    if target == "onnx":
        from adclick.exports.onnx import export_onnx

        return export_onnx
    if target == "savedmodel":
        from adclick.exports.savedmodel import export_savedmodel

        return export_savedmodel
    if target == "tflite":
        from adclick.exports.tflite import export_tflite

        return export_tflite
    from adclick.exports.tfjs import export_tfjs

    return export_tfjs


def _check_folder(out: Path, target: str) -> None:
    if out.is_dir() and any(out.iterdir()):
        known = out / FILE
        if not known.is_file() or json.loads(known.read_bytes()).get("target") != target:
            raise AdclickError(f"{out} has other things in it: name a new folder with --out")
    elif out.exists() and not out.is_dir():
        raise AdclickError(f"{out} is a file: name a new folder with --out")


def _write_readme(folder: Path, target: str, version: str, checked: list[str]) -> None:
    name = "javascript" if target == "tfjs" else target
    template = Template((shipped.FILES / name / "README.md").read_text(encoding="utf-8"))
    listed = "\n".join(f"- {line}" for line in checked)
    text = template.substitute(version=version, checked=listed)
    (folder / "README.md").write_text(text, encoding="utf-8")
