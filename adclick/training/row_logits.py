"""What a model makes of all encoded rows of a selection, of which memory holds a part at a time."""

from __future__ import annotations

import numpy as np

from adclick.arrays import Float32, UInt8
from adclick.encoding.encoder import Encoded
from adclick.model.click_model import ClickModel
from adclick.training.encoded_rows import CHUNK, EncodedRows


def row_logits(model: ClickModel, rows: EncodedRows, images: UInt8 | None) -> Float32:
    """The logits (n,) of n rows before calibration; each picture that they show is embedded once.

    `images` uint8 (k, height, width, 3) are the log's creatives; None where the model sees none.
    """
    if images is None:
        return model.logits(rows.encoded, None)
    distinct, which = np.unique(rows.creative, return_inverse=True)
    embeddings = model.embed(images, distinct)
    parts = [slice(start, start + CHUNK) for start in range(0, len(rows), CHUNK)]
    return np.concatenate(
        [
            model.logits(
                Encoded(rows.categorical[part], rows.numeric[part]), embeddings[which[part]]
            )
            for part in parts
        ]
    )
