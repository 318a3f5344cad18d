"""Where our answers may differ from MLflow's, each with its reason; anything else is a fault.

A difference says which cases it touches. Then either MLflow can be asked the same in other words (`instead`), and what
it answers to those must be our answer; or some IDs are concerned, and without them both answers must be the same, order
included; or we refuse, by an error of a given name, what MLflow answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from tracker.filter import as_number

from .cases import Case
from .worlds import World

# MLflow keeps the status of a logged model as a number.
STATUS_NUMBERS = {"PENDING": "1", "READY": "2", "UPLOAD_FAILED": "3"}
STATUS = re.compile(
    r"(?<![\w.])(?:attributes\.)?`?status`?\s*(=|!=|(?:not\s+)?in\b|like\b|ilike\b)\s*(\([^)]*\)|'[^']*')",
    re.IGNORECASE,
)
METRIC = re.compile(r"metrics?\.(?:`([^`]+)`|\"([^\"]+)\"|'([^']+)'|([\w.]+))")
DOUBLE_QUOTED = re.compile(r'"([^"\']*)"')
BACKSLASHED_LIST = re.compile(r"\([^()]*\\[^()]*\)")
UNQUOTED = re.compile(r"(params)\.(\w+)\s*(?:!=|=)\s*(?!['\"])(\S+)")


def _same(world: World, case: Case) -> Case:
    del world
    return case


def _none(world: World, case: Case) -> frozenset[str]:
    del world, case
    return frozenset()


@dataclass(frozen=True)
class Difference:
    """One way in which answers differ, and where MLFLOW.md has it: a section, or its list of what is better."""

    name: str
    reason: str
    reference: str
    touches: Callable[[World, Case], bool]
    instead: Callable[[World, Case], Case] = field(default=_same)
    concerned: Callable[[World, Case], frozenset[str]] = field(default=_none)
    refusal: str = ""


# --- a logged model's status


def _has_status(world: World, case: Case) -> bool:
    del world
    return case.subject == "models" and STATUS.search(case.filter) is not None


def _status_as_number(world: World, case: Case) -> Case:
    del world
    return replace(case, filter=STATUS.sub(_numbers, case.filter))


def _numbers(clause: re.Match[str]) -> str:
    """Write the statuses that a clause finds as MLflow's numbers."""
    operator, values = clause[1].upper(), re.findall("['\"]([^'\"]*)['\"]", clause[2])
    found = [STATUS_NUMBERS[status] for status in STATUS_NUMBERS if _fits(status, operator.split()[-1], values)]
    if operator in {"!=", "NOT IN"}:
        found = [number for number in STATUS_NUMBERS.values() if number not in found]
    return f"status IN ({', '.join(repr(number) for number in found) or repr('0')})"


def _fits(status: str, operator: str, values: list[str]) -> bool:
    if not operator.endswith("LIKE"):
        return status in values
    pattern = "".join({"%": ".*", "_": "."}.get(each, re.escape(each)) for each in values[0])
    return re.fullmatch(pattern, status, re.IGNORECASE if operator == "ILIKE" else 0) is not None


# --- metrics


def metric_keys(case: Case) -> set[str]:
    """Return the metrics that a case speaks of."""
    fields = [entry if isinstance(entry, str) else str(entry["field_name"]) for entry in case.order_by]
    found = METRIC.findall(" ".join([case.filter, *fields]))
    whole = {name.partition(".")[2] for name in fields if name.startswith("metrics.")}
    return whole | {key for groups in found for key in groups if key}


def _nan_of_models(world: World, case: Case) -> frozenset[str]:
    keys = metric_keys(case)
    return frozenset(
        model.model_id
        for model in world.models
        if any(point.key in keys and point.value != point.value for point in model.points)
    )


def _speaks_of_nan(world: World, case: Case) -> bool:
    return case.subject == "models" and bool(_nan_of_models(world, case))


# --- texts and numbers


def _has_double_quotes(world: World, case: Case) -> bool:
    del world
    return case.subject == "models" and '"' in case.filter


def _in_single_quotes(world: World, case: Case) -> Case:
    del world
    return replace(case, filter=DOUBLE_QUOTED.sub(r"'\1'", case.filter))


def _has_backslash_in_list(world: World, case: Case) -> bool:
    del world
    return BACKSLASHED_LIST.search(case.filter) is not None


def _with_two_backslashes(world: World, case: Case) -> Case:
    del world
    return replace(case, filter=BACKSLASHED_LIST.sub(lambda found: found[0].replace("\\", "\\\\"), case.filter))


def _has_unquoted_number(world: World, case: Case) -> bool:
    return case.subject == "models" and bool(_numeric_equals(world, case))


def _numeric_equals(world: World, case: Case) -> frozenset[str]:
    """Find models with a param that is the number in another spelling, or with `!=` is no number at all."""
    wanted = [(key, value) for _, key, value in UNQUOTED.findall(case.filter) if as_number(value) is not None]
    return frozenset(
        model.model_id
        for model in world.models
        for key, value in wanted
        if key in model.params and _differs(str(model.params[key]), value)
    )


def _differs(text: str, value: str) -> bool:
    number = as_number(text)
    return number is None or (number == as_number(value) and text != value)


def _at_one_moment(world: World, case: Case) -> bool:
    return case.subject == "models" and bool(_tied_points(world, case))


def _tied_points(world: World, case: Case) -> frozenset[str]:
    """Find models with two points of one time and step, by two runs."""
    keys, found = metric_keys(case), set()
    for model in world.models:
        places = [(point.key, point.step, point.timestamp) for point in model.points if point.key in keys]
        if len(places) > len(set(places)):
            found.add(model.model_id)
    return frozenset(found)


DIFFERENCES = (
    Difference(
        "a logged model's status",
        "status = 'READY' finds the models that are ready; MLflow compares the text with a number and finds none",
        "Where to be better than MLflow: `status = 'READY'` in model search",
        _has_status,
        instead=_status_as_number,
    ),
    Difference(
        "NaN of a logged model",
        "a NaN is kept: it equals nothing and is ordered behind all numbers; MLflow keeps a zero in its place",
        "Where to be better than MLflow: NaN and ±inf of a metric kept exactly in models too",
        _speaks_of_nan,
        concerned=_nan_of_models,
    ),
    Difference(
        "double quotes in model search",
        "double quotes quote a text in every search; MLflow takes them for a part of it and finds none",
        "2.9: double quotes are not stripped, so they never match",
        _has_double_quotes,
        instead=_in_single_quotes,
    ),
    Difference(
        "a backslash in a list",
        "a backslash is itself wherever it stands; MLflow reads a list as Python does, where it begins an escape",
        "2.7: no escaping",
        _has_backslash_in_list,
        instead=_with_two_backslashes,
    ),
    Difference(
        "a number without quotes",
        "a param is compared as a number with what stands without quotes; MLflow's model search compares texts",
        "2.9: values single-quoted, unquoted accepted",
        _has_unquoted_number,
        concerned=_numeric_equals,
    ),
    Difference(
        "two runs at one moment",
        "of two points of one time and step the last logged counts; MLflow takes the run of the smallest ID",
        "2.9: greatest timestamp, then step, then smallest run_id",
        _at_one_moment,
        concerned=_tied_points,
    ),
)


def touching(world: World, case: Case, listed: Sequence[Difference] = DIFFERENCES) -> list[Difference]:
    """Return the differences that a case may show."""
    return [difference for difference in listed if difference.touches(world, case)]


def in_other_words(world: World, case: Case) -> Case:
    """Return what MLflow is to be asked so that it means what the case means here."""
    for difference in touching(world, case):
        case = difference.instead(world, case)
    return case
