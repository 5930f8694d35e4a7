"""What a model makes of all encoded rows of a selection, of which memory holds a part at a time."""

from __future__ import annotations

import numpy as np

from adclick.arrays import Float32, UInt8
from adclick.model.click_model import ClickModel
from adclick.training.encoded_rows import EncodedRows


def row_logits(model: ClickModel, rows: EncodedRows, images: UInt8 | None) -> Float32:
    """The logits (n,) of n rows before calibration; each picture that they show is embedded once.

    `images` uint8 (k, height, width, 3) are the log's creatives; None where the model sees none.
    """
    if images is None:
        return model.logits(rows.encoded, None)
    distinct = np.unique(rows.creative)
    embeddings = model.embed(images, distinct)
    return np.concatenate(
        [
            model.logits(chunk.encoded, embeddings[np.searchsorted(distinct, chunk.creative)])
            for chunk in rows.chunks()
        ]
    )
