"""What a dataset is: a name, and a digest of its content."""

from __future__ import annotations

from .dataset import Dataset

__all__ = ["Dataset"]
