"""A hundred points a request, four clients: requests per second, beside MLflow's server, FastTrackML, an empty app."""

from __future__ import annotations

from ..figures import Answer, at_least
from ..peers.work import KEYS
from ..setting import Setting
from . import plans, writing
from .servers import CEILING, FASTTRACKML, MLFLOW

TARGETS = {FASTTRACKML: at_least(5, 15), MLFLOW: at_least(50, 150), CEILING: None}


def answer(setting: Setting) -> Answer:
    """Let each log."""
    title = f"log-batch of {len(KEYS)} metrics, {plans.CLIENTS} clients"
    return writing.answer(setting, title, plans.log_batch, TARGETS)
