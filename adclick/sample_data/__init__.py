"""A made-up ad log with images, whose true click probabilities are known."""
