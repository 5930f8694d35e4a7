"""The domain library: an ad-click model and its data, in plain Python and TensorFlow."""
