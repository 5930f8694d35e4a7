"""The columns that monitoring adds to those of the schema."""

HOUR = "hour of day"
CLICKED = "clicked"
SCORE = "score"
# columns of what creatives look like begin so
IMAGE = "image "
