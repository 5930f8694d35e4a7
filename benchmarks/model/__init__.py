"""How much the model sees of an ad, against the true click probabilities of the sample data."""
