"""Where a sweep comes from."""
