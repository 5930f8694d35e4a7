"""What a server needs and nothing else: files, scores, golden requests."""

import os

# ONNX Runtime reports its use to Microsoft, through files in the user's home folder, unless this is
# set before it is imported; only modules of this package import it
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
