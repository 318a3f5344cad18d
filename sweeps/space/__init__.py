"""The search space: distributions, and how samplers and trials see them."""

from __future__ import annotations

from .axes import Axis, ChoiceAxis, FloatAxis, IntAxis
from .categorical import Categorical
from .constant import Constant
from .int_uniform import IntUniform
from .interface import Distribution
from .log_uniform_values import LogUniformValues
from .q_uniform import QUniform
from .space import Space
from .uniform import Uniform

__all__ = [
    "Axis",
    "Categorical",
    "ChoiceAxis",
    "Constant",
    "Distribution",
    "FloatAxis",
    "IntAxis",
    "IntUniform",
    "LogUniformValues",
    "QUniform",
    "Space",
    "Uniform",
]
