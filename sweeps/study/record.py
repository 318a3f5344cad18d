"""A sweep's state ↔ the tags of its runs: pure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from tracker import RunInfo, goal_tag

from ..samplers import Params, Proposal
from ..trial import Cause, TrialState
from .curve import Curve, Entry, first_from, standing
from .trials import PastTrial, Verdict

KIND, CONFIG, SEED, SPACE = "sweep.kind", "sweep.config", "sweep.seed", "sweep.space"
METRIC, GOAL, DATASET = "sweep.metric", "sweep.goal", "sweep.dataset"
# Why a sweep ended before its last trial, and from which it was forked.
ENDED, FORKED_FROM = "sweep.ended", "sweep.forked_from"
TRIAL, STATE, VALUE, REASON, TAIL = "trial.number", "trial.state", "trial.value", "trial.reason", "trial.tail"
# What the sampler proposed; when each attempt began (ms since 1970), by which causes attempts failed.
PROPOSAL, ATTEMPTS, CAUSES = "trial.proposal", "trial.attempts", "trial.causes"
# As which of all trials it ended, from 1: clocks may be set back, and some ends share a millisecond.
ORDER = "trial.order"
# The filter that finds the parent runs of sweeps.
SWEEPS = f"tags.`{KIND}` = 'sweep'"


@dataclass(frozen=True, slots=True)
class SweepRecord:
    """What a sweep's parent run says of it."""

    sweep_id: str
    name: str
    experiment_id: str
    metric: str
    goal: str
    dataset: str | None
    status: str

    @classmethod
    def of_run(cls, run: RunInfo) -> SweepRecord:
        """Read a parent run."""
        tags = run.tags
        return cls(
            sweep_id=run.run_id,
            name=run.name,
            experiment_id=run.experiment_id,
            metric=tags.get(METRIC, ""),
            goal=tags.get(GOAL, "minimize"),
            dataset=tags.get(DATASET) or None,
            status=run.status,
        )


@dataclass(frozen=True, slots=True)
class TrialResult:
    """How a trial ended; `value` is the best finite value of the sweep's metric, None if there is none.

    `attempts` counts how often it was begun; `seconds` is the time from its start to its end, None if it has not ended.
    """

    number: int
    run_id: str
    state: TrialState
    params: Mapping[str, object]
    value: float | None
    reason: str
    attempts: int = 1
    seconds: float | None = None

    @classmethod
    def of_run(cls, run: RunInfo) -> TrialResult:
        """Read a child run; one that nobody ended counts as running."""
        return cls(
            number=int(run.tags[TRIAL]),
            run_id=run.run_id,
            state=_state(run),
            params=_proposal(run).params,
            value=_value(run),
            reason=run.tags.get(REASON, ""),
            attempts=len(attempt_starts(run)),
            seconds=None if run.end_time is None else (run.end_time - run.start_time) / 1000,
        )


def past_trial(run: RunInfo, curve: Sequence[tuple[int, int, float]]) -> PastTrial:
    """Read a child run back; `curve` holds (step, timestamp in ms, value) of each point of the sweep's metric."""
    starts = attempt_starts(run)
    causes = run.tags.get(CAUSES)
    return PastTrial(
        number=int(run.tags[TRIAL]),
        proposal=_proposal(run),
        state=_state(run),
        value=_value(run),
        attempt=len(starts) - 1,
        causes=tuple(Cause(cause) for cause in json.loads(causes)) if causes else (),
        reports=tuple(reports(sorted(curve, key=itemgetter(1)), starts)),
        order=int(run.tags.get(ORDER) or 0),
    )


def newest(points: Iterable[tuple[int, int, float]], starts: Sequence[int]) -> Curve:
    """Return (step, value) of what stands of a trial's curve; the arguments are those of `reports`."""
    return standing(reports(points, starts))


def reports(points: Iterable[tuple[int, int, float]], starts: Sequence[int]) -> list[Entry]:
    """Return a trial's reports, of which each attempt takes back what stands from its first step on.

    `points` are (step, timestamp, value) in the order of logging, `starts` when each attempt began.
    """
    found: list[Entry] = []
    curve: Curve = []
    later = list(starts[1:])
    for step, timestamp, value in points:
        if later and timestamp >= later[0]:
            later = [start for start in later if timestamp < start]
            del curve[first_from(curve, step) :]
        curve.append((step, value))
        found.append((len(curve), step, value))
    return found


def left_over_from(curve: Iterable[tuple[int, int, float]], starts: Sequence[int]) -> int | None:
    """Return the step from which on earlier attempts' points stand beside the newest one's; None if none do.

    An attempt that ended took them back itself; one that was lost could not. Both are told as to `newest`.
    """
    points, start = list(curve), starts[-1] if starts else 0
    first = next((step for step, timestamp, _ in points if timestamp >= start), None)
    left = first is not None and any(step >= first and timestamp < start for step, timestamp, _ in points)
    return first if left else None


def trial_tags(number: int, proposal: Proposal) -> dict[str, object]:
    """Return the tags of a trial's new child run."""
    told = {"params": proposal.params, "memo": proposal.memo}
    return {TRIAL: number, STATE: TrialState.WAITING, PROPOSAL: json.dumps(told)}


def attempt_tags(starts: Sequence[int]) -> dict[str, object]:
    """Return what an attempt's beginning says on its trial's run."""
    return {STATE: TrialState.RUNNING, ATTEMPTS: json.dumps(list(starts))}


def verdict_tags(verdict: Verdict) -> dict[str, object]:
    """Return what an attempt's end says on its trial's run; it takes back what the end of an earlier one said."""
    value = verdict.value
    tags = {
        STATE: verdict.state,
        VALUE: None if value is None or not math.isfinite(value) else repr(value),
        REASON: tag_text(verdict.outcome.reason),
        TAIL: tag_text(verdict.outcome.tail),
        CAUSES: json.dumps(verdict.causes) if verdict.causes else None,
        ORDER: verdict.order or None,
    }
    return {key: text or "" for key, text in tags.items() if text or verdict.attempt > 0}


def is_trial(run: RunInfo) -> bool:
    """Say whether a child run is a trial; a kill amid the write may have left no more of one than that it began."""
    return TRIAL in run.tags


def flat(params: Params, prefix: str = "") -> dict[str, object]:
    """Return params with dotted names for nested ones, as a run keeps them."""
    found: dict[str, object] = {}
    for name, value in params.items():
        found |= flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) and value else {prefix + name: value}
    return found


def _state(run: RunInfo) -> TrialState:
    return TrialState(run.tags.get(STATE, TrialState.RUNNING))


def _value(run: RunInfo) -> float | None:
    value = run.tags.get(VALUE)
    return float(value) if value else None


def _proposal(run: RunInfo) -> Proposal:
    text = run.tags.get(PROPOSAL)
    if text is None:
        return Proposal(run.params)
    told = json.loads(text)
    return Proposal(told["params"], told["memo"])


def attempt_starts(run: RunInfo) -> list[int]:
    """Return when each attempt of a trial began, in ms since 1970."""
    return [int(start) for start in json.loads(run.tags.get(ATTEMPTS, "[]"))]


def tag_text(text: str) -> str:
    """Return a text that a tag can hold, of whatever a program has said."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def sweep_tags(
    config: Mapping[str, object], *, seed: int, space: str, metric: str, goal: str, dataset: str | None
) -> dict[str, str]:
    """Return the tags of a sweep's parent run; by the last of them filters know what `metrics.NAME.best` means."""
    return {
        KIND: "sweep",
        CONFIG: json.dumps(config),
        SEED: str(seed),
        SPACE: space,
        METRIC: metric,
        GOAL: goal,
        DATASET: dataset or "",
        **({goal_tag(metric): goal} if metric else {}),
    }


def goal_of(metric: str, sweeps_metric: str, sweeps_goal: str) -> str:
    """Return which way a metric is better if nobody says: as the sweep says of its own, and upwards for any other."""
    return sweeps_goal if metric == sweeps_metric else "maximize"
