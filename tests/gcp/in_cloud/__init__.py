"""What tests run inside the emulated cloud, in the gcp environment; each prints a line of JSON."""
