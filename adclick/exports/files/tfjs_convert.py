"""SavedModel signatures to TF.js, run in the export environment: `SAVED_MODEL OUT NAME...`."""

from __future__ import annotations

import sys

from tensorflowjs.converters import tf_saved_model_conversion_v2 as conversion


def main() -> None:
    """Write OUT/NAME for each signature."""
    saved_model, out, *names = sys.argv[1:]
    for name in names:
        conversion.convert_tf_saved_model(saved_model, f"{out}/{name}", signature_def=name)


if __name__ == "__main__":
    main()
