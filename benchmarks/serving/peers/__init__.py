"""Other servers with the same model, in environments of their own."""

BUNDLE = "ADCLICK_BENCH_BUNDLE"
WORKERS = "ADCLICK_BENCH_WORKERS"
