"""Hyperparameter sweeps: parallel trials as child runs, and the best checkpoint out of them."""
