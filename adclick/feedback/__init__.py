"""Feedback: what was clicked, by request id and candidate, and its join to the prediction log."""

from adclick.feedback.log import Feedback, FeedbackLogWriter, feedback_root

__all__ = ["Feedback", "FeedbackLogWriter", "feedback_root"]
