"""Scores for whole logs: streamed, by unit, with the executors of ingestion."""
