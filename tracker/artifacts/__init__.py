"""Files that belong to runs and logged models."""

from __future__ import annotations

from .interface import Artifacts
from .local import LocalArtifacts
from .spooled import SpooledArtifacts

__all__ = ["Artifacts", "LocalArtifacts", "SpooledArtifacts"]
