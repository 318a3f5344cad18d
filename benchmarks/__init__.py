"""How fast, how small and how steady logging is, beside what others do with the same points in the same run.

`python -m benchmarks` asks every question, prints one table and keeps the figures as JSON.
"""
