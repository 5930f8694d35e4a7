"""Logits of encoded rows in LiteRT: `python score.py EXPORT PLACE SUFFIX`.

Reads PLACE/rows.npz and writes PLACE/logits.npy.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np


def main() -> None:
    """Score the rows."""
    export, place, suffix = sys.argv[1:4]
    sys.path.insert(0, export)
    from click_model import load

    model, rows = load(Path(export), suffix), np.load(Path(place) / "rows.npz")
    creatives = model.embed(rows["images"])[rows["shown"]] if "images" in rows else None
    logits = model.logits(rows["categorical"], rows["numeric"], creatives)
    np.save(Path(place) / "logits.npy", logits)


if __name__ == "__main__":
    main()
