"""What one key of a sweep file demands of another."""

from __future__ import annotations

from ..errors import InvalidSweep
from ..space.faults import join, nearest
from .resources import PARAM
from .sweep_config import SweepConfig

_METRIC = "write metric: {name: loss, goal: minimize}"


def check_together(config: SweepConfig) -> None:
    """Raise InvalidSweep, placed, at the first key that does not fit the others."""
    _check_method(config)
    if config.metric is None:
        _refuse_without_metric(config)
    if config.early_terminate is not None and config.execution.pruner is not None:
        problem = "cannot stand beside early_terminate; keep one of them"
        raise InvalidSweep(problem, where="execution.pruner")
    _check_warm_start(config)
    _check_resources(config)
    _check_points(config)


def _check_method(config: SweepConfig) -> None:
    if config.method == "grid":
        config.space.grid_points()
    if config.method == "bayes" and config.metric is None:
        problem = f"bayes needs a metric; {_METRIC}"
        raise InvalidSweep(problem, where="method")


def _refuse_without_metric(config: SweepConfig) -> None:
    compares = {
        "early_terminate": config.early_terminate,
        "execution.pruner": config.execution.pruner,
        "execution.stop.plateau": config.execution.stop.plateau,
        "execution.stop.steps": config.execution.stop.steps,
    }
    for place, rule in compares.items():
        if rule is not None:
            use = "count the reports of" if place.endswith("steps") else "compare trials by"
            problem = f"needs a metric to {use}; {_METRIC}"
            raise InvalidSweep(problem, where=place)


def _check_warm_start(config: SweepConfig) -> None:
    if config.execution.warm_start and config.method != "bayes":
        problem = f"teaches {config.method} search nothing, since it does not learn; remove it or write method: bayes"
        raise InvalidSweep(problem, where="execution.warm_start")


def _check_resources(config: SweepConfig) -> None:
    resources = config.execution.resources
    for key, name in resources.params() if resources else ():
        if name not in config.space:
            problem = f"{PARAM}{name} names no parameter; {nearest(name, config.space)}"
            raise InvalidSweep(problem, where=f"execution.resources.{key}")


def _check_points(config: SweepConfig) -> None:
    for index, point in enumerate(config.execution.start_with):
        place = f"execution.start_with[{index}]"
        try:
            config.space.encode(point)
        except InvalidSweep as fault:
            where = join(place, fault.where.removeprefix("parameters."))
            remedy = "" if ";" in fault.problem else "; write a point of the space, or change the space"
            raise InvalidSweep(f"{fault.problem}{remedy}", where=where) from None
