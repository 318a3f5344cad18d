"""MLflow's REST protocol: one file for each resource, each with its shapes, its handlers and its routes."""

from __future__ import annotations
