"""The domain library: an ad-click model and its data, in plain Python and TensorFlow."""

import os

# gcsfs would ask for a bucket's kind first, for half a minute where nothing answers that
os.environ.setdefault("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
