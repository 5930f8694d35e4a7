"""What becomes of a model that is never trained again, and of one that is when a verdict asks."""
