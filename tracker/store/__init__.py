"""Where experiments, runs, metrics and logged models are kept."""
