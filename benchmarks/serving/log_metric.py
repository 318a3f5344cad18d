"""One point a request, four clients: requests per second, beside MLflow's server, FastTrackML and an empty app."""

from __future__ import annotations

from ..figures import Answer, at_least
from ..setting import Setting
from . import plans, writing
from .servers import CEILING, FASTTRACKML, MLFLOW

TARGETS = {FASTTRACKML: at_least(3, 8), MLFLOW: at_least(60, 160), CEILING: None}


def answer(setting: Setting) -> Answer:
    """Let each log."""
    return writing.answer(setting, f"log-metric, {plans.CLIENTS} clients", plans.log_metric, TARGETS)
