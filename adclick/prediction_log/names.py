"""The prediction log's own columns; those of features are named as in the schema."""

REQUEST = "_request"
CANDIDATE = "_candidate"
MODEL_VERSION = "_model_version"
SCORE = "_score"
CLICKED = "_clicked"
CLICKED_AT = "_clicked_at"
# ids of requests that we ask ourselves begin so: no reader takes them for traffic
GOLDEN = "golden-"
REPLAYED = "replayed-"
