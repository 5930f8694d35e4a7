"""What a server needs and nothing else: files, scores, golden requests."""
