"""The search space: distributions, and how samplers and trials see them."""

from __future__ import annotations

from .axes import Axis, ChoiceAxis, FloatAxis, IntAxis
from .beta import Beta
from .categorical import Categorical
from .categorical_w_probabilities import CategoricalWProbabilities
from .constant import Constant
from .int_uniform import IntUniform
from .interface import Distribution
from .log_uniform_values import LogUniformValues
from .normal import LogNormal, Normal
from .q_uniform import QUniform
from .rounded import Rounded
from .space import Space
from .uniform import Uniform

__all__ = [
    "Axis",
    "Beta",
    "Categorical",
    "CategoricalWProbabilities",
    "ChoiceAxis",
    "Constant",
    "Distribution",
    "FloatAxis",
    "IntAxis",
    "IntUniform",
    "LogNormal",
    "LogUniformValues",
    "Normal",
    "QUniform",
    "Rounded",
    "Space",
    "Uniform",
]
