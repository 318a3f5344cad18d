"""What in a sweep file is allowed and yet probably not meant.

A remark is the place that it is about, and a line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..space import IntAxis, QUniform
from ..trial import Cause
from . import command
from .command import Remark
from .keys import mapping
from .kinds import Data
from .left_alone import LEFT_ALONE
from .sweep_config import SweepConfig

# Names of metrics that are larger the better they are, as far as one can tell from a name.
_LARGER = {"acc", "accuracy", "auc", "auroc", "f1", "precision", "recall", "reward", "score", "r2", "bleu", "iou"}
# So few points are soon all tried, where nothing says how many trials there are.
_FEW = 100
_NO_END = "nothing ends the sweep but you"


def remarks(config: SweepConfig, data: Data, env: Mapping[str, str]) -> list[Remark]:
    """Return every remark on a sweep: on its description, and on what its file says (`data`) or leaves out.

    `env` are the environment variables that its trials will see.
    """
    return [
        *config.space.warnings(),
        *_on_steps(config),
        *_on_size(config),
        *_on_metric(config, data),
        *_on_stopping(config, data),
        *_on_execution(config),
        *_on_attempts(config),
        *(command.remarks(config.command, env) if config.command else ()),
        *((key.name, "means nothing on one machine, and is left alone") for key in LEFT_ALONE if key.name in data),
    ]


def _on_steps(config: SweepConfig) -> Iterator[Remark]:
    for name, distribution in config.space.items():
        if not isinstance(distribution, QUniform):
            continue
        place = "".join(f".parameters.{part}" for part in config.space.path(name))[1:]
        if config.method == "grid":
            last = distribution.grid()[-1]
            yield (
                place,
                f"grid search visits {distribution.min} to {last}: it begins at min and ends before max, as in W&B",
            )
        elif config.method == "random" and _short_ends(distribution):
            yield place, "draws its first or its last value about half as often as the others, as in W&B"


def _short_ends(distribution: QUniform) -> bool:
    """Say whether an end of the range cuts off a fifth or more of what is rounded to the last multiple there."""
    axis: IntAxis = distribution.axis
    low = (axis.low + 0.5) - distribution.min / distribution.q
    high = distribution.max / distribution.q - (axis.high - 0.5)
    return axis.high > axis.low and min(low, high) < 0.8  # noqa: PLR2004 - see above


def _on_size(config: SweepConfig) -> Iterator[Remark]:
    size, cap = config.space.size(), config.run_cap
    if config.method == "grid":
        if size is not None and cap is not None and cap < size:
            yield (
                "run_cap",
                f"visits the first {cap} of {size} points, which are no fair sample; raise it or use random",
            )
        return
    if size is not None and size <= (cap or _FEW):
        yield "method", f"the space has only {size} points, and some will be tried twice; grid visits each once"
    stop = config.execution.stop
    if cap is None and stop.after is None and stop.steps is None and stop.plateau is None:
        target = config.metric is not None and config.metric.target is not None
        unless = " unless a trial reaches the target" if target else ""
        yield "run_cap", f"is missing, and {_NO_END}{unless}; write how many trials there are at most"


def _on_metric(config: SweepConfig, data: Data) -> Iterator[Remark]:
    metric = config.metric
    if metric is None:
        yield "metric", "is missing: no trial will be the best, and checkpoints are not ranked"
        return
    words = metric.name.lower().replace("/", "_").replace("-", "_").split("_")
    if mapping(data["metric"]).get("goal") is None and not _LARGER.isdisjoint(words):
        yield "metric", f"{metric.name} is minimized, since no goal is said; if larger is better, write goal: maximize"
    for key, said in (("impute", metric.impute), ("impute_while_running", metric.impute_while_running)):
        if said is not None and config.method != "bayes":
            yield f"metric.{key}", f"changes nothing: {config.method} search does not learn"
    if metric.impute_while_running is not None and config.method == "bayes" and _lies(config):
        yield "metric.impute_while_running", "is not needed: tpe keeps away from where trials are running by itself"


def _lies(config: SweepConfig) -> bool:
    """Say whether the sampler counts running trials as bad ones by itself, the constant liar."""
    return config.execution.sampler in {None, "tpe", "gp"}


def _on_stopping(config: SweepConfig, data: Data) -> Iterator[Remark]:
    rule = config.early_terminate
    if rule is None:
        return
    if mapping(data["early_terminate"]).get("strict") is None:
        yield "early_terminate", "strict is true unless said otherwise; W&B's older pages say false"


def _on_execution(config: SweepConfig) -> Iterator[Remark]:
    execution, cap = config.execution, config.run_cap
    if execution.sampler is not None and config.method != "bayes":
        yield "execution.sampler", f"changes nothing: {config.method} needs no sampler; for it write method: bayes"
    if execution.sampler == "random":
        yield "execution.sampler", "does not learn; method: random says the same"
    if cap is not None and len(execution.start_with) > cap:
        yield "execution.start_with", f"has {len(execution.start_with)} points, and run_cap ends the sweep after {cap}"
    if cap is not None and execution.parallel is not None and execution.parallel > cap:
        yield "execution.parallel", f"more than run_cap {cap} trials never run at a time"


def _on_attempts(config: SweepConfig) -> Iterator[Remark]:
    execution = config.execution
    retried = execution.retries.by_cause
    if retried.get(Cause.TIMEOUT) and execution.timeout is None:
        yield "execution.retries.timeout", "never happens: no timeout is said"
    if retried.get(Cause.STALLED) and execution.no_progress is None:
        yield "execution.retries.stalled", "never happens: no no_progress is said"
    if execution.timeout is not None and (execution.no_progress or 0) >= execution.timeout:
        yield "execution.no_progress", "never comes first: it is no shorter than timeout"
    if execution.executor in {"inline", "threads"}:
        limited = {"timeout": execution.timeout, "no_progress": execution.no_progress, "resources": execution.resources}
        for key in (key for key, said in limited.items() if said is not None):
            text = f"a trial by {execution.executor} shares the sweep's process and cannot be held to it"
            yield f"execution.{key}", f"{text}; for that use executor: processes"
