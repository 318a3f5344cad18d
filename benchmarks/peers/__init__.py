"""One program for each tracker that we are compared with, ours among them; all are given the same work.

Each runs in an environment of its own, with the versions pinned in the `.txt` of its name, and imports nothing of
this repository but `work.py`.
"""
