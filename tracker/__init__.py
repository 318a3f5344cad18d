"""Experiment tracking: runs, streamed metrics, logged models and their ranking, in one local store."""
