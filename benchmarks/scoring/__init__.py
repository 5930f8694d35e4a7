"""How fast whole logs are scored: rows, memory, new creatives, beside Keras and the API."""
