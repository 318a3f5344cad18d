"""How fast and how steady logging, searching and sweeping are, beside what others make of the same work.

`python -m benchmarks` asks every question, prints one table and keeps the figures as JSON.
"""
