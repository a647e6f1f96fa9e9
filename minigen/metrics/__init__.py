"""Floor 7: how good are the samples."""

from minigen.metrics.classifier import Verdict, judge, judge_samples, train_classifier

__all__ = ["Verdict", "judge", "judge_samples", "train_classifier"]
