"""The model as other runtimes take it: whole folders that need nothing of adclick."""

TARGETS = ("onnx", "savedmodel", "tflite", "tfjs")
