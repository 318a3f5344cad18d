"""The words of the language: which entities and attributes each subject has, and how they may be spelled."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from .tree import Entity, Field, Operator, PartName, Relative, Subject


class Kind(Enum):
    """What a field's values are."""

    NUMBER = auto()
    # Milliseconds since the epoch, and texts that `times` reads.
    TIME = auto()
    TEXT = auto()
    # A param is text, and a number too where its text is one: the value it is compared with decides.
    EITHER = auto()

    __hash__ = object.__hash__


ENTITY_WORDS: Mapping[str, Entity] = {
    "attribute": Entity.ATTRIBUTE,
    "attributes": Entity.ATTRIBUTE,
    "attr": Entity.ATTRIBUTE,
    "run": Entity.ATTRIBUTE,
    "model": Entity.ATTRIBUTE,
    "experiment": Entity.ATTRIBUTE,
    "metric": Entity.METRIC,
    "metrics": Entity.METRIC,
    "param": Entity.PARAM,
    "params": Entity.PARAM,
    "parameter": Entity.PARAM,
    "parameters": Entity.PARAM,
    "tag": Entity.TAG,
    "tags": Entity.TAG,
    "dataset": Entity.DATASET,
    "datasets": Entity.DATASET,
}

ENTITIES: Mapping[Subject, frozenset[Entity]] = {
    Subject.RUNS: frozenset(Entity),
    Subject.MODELS: frozenset(Entity),
    Subject.EXPERIMENTS: frozenset({Entity.ATTRIBUTE, Entity.TAG}),
    Subject.REGISTERED_MODELS: frozenset({Entity.ATTRIBUTE, Entity.TAG}),
    Subject.MODEL_VERSIONS: frozenset({Entity.ATTRIBUTE, Entity.TAG}),
}

ATTRIBUTES: Mapping[Subject, Mapping[str, Kind]] = {
    Subject.RUNS: {
        "run_id": Kind.TEXT,
        "run_name": Kind.TEXT,
        "status": Kind.TEXT,
        "user_id": Kind.TEXT,
        "artifact_uri": Kind.TEXT,
        "parent_run_id": Kind.TEXT,
        "experiment_id": Kind.TEXT,
        "start_time": Kind.TIME,
        "end_time": Kind.TIME,
    },
    Subject.MODELS: {
        "model_id": Kind.TEXT,
        "model_no": Kind.NUMBER,
        "name": Kind.TEXT,
        "model_type": Kind.TEXT,
        "status": Kind.TEXT,
        "source_run_id": Kind.TEXT,
        "parent_run_id": Kind.TEXT,
        "experiment_id": Kind.TEXT,
        "step": Kind.NUMBER,
        "creation_timestamp": Kind.TIME,
        "last_updated_timestamp": Kind.TIME,
    },
    Subject.EXPERIMENTS: {
        "experiment_id": Kind.TEXT,
        "name": Kind.TEXT,
        "creation_time": Kind.TIME,
        "last_update_time": Kind.TIME,
    },
    Subject.REGISTERED_MODELS: {
        "name": Kind.TEXT,
        "description": Kind.TEXT,
        "creation_timestamp": Kind.TIME,
        "last_updated_timestamp": Kind.TIME,
    },
    Subject.MODEL_VERSIONS: {
        "name": Kind.TEXT,
        "version_number": Kind.NUMBER,
        "model_id": Kind.TEXT,
        "run_id": Kind.TEXT,
        "source_path": Kind.TEXT,
        "stage": Kind.TEXT,
        "description": Kind.TEXT,
        "creation_timestamp": Kind.TIME,
        "last_updated_timestamp": Kind.TIME,
    },
}

# MLflow's other spellings, and the name that our own Python objects use.
ATTRIBUTE_SPELLINGS: Mapping[Subject, Mapping[str, str]] = {
    Subject.RUNS: {"name": "run_name", "created": "start_time"},
    Subject.MODELS: {
        "run_id": "source_run_id",
        "creation_time": "creation_timestamp",
        "creation_timestamp_ms": "creation_timestamp",
        "last_updated_timestamp_ms": "last_updated_timestamp",
    },
    Subject.EXPERIMENTS: {},
    Subject.REGISTERED_MODELS: {"timestamp": "last_updated_timestamp"},
    Subject.MODEL_VERSIONS: {"version": "version_number", "source": "source_path", "current_stage": "stage"},
}

# MLflow keeps these two facts of a run as tags; here they are columns, whichever way they are asked for.
TAGS_THAT_ARE_ATTRIBUTES: Mapping[Subject, Mapping[str, str]] = {
    Subject.RUNS: {"mlflow.runName": "run_name", "mlflow.parentRunId": "parent_run_id"},
    Subject.MODELS: {},
    Subject.EXPERIMENTS: {},
    Subject.REGISTERED_MODELS: {},
    Subject.MODEL_VERSIONS: {},
}

DATASET_KEYS: Mapping[Subject, tuple[str, ...]] = {
    Subject.RUNS: ("name", "digest", "context"),
    Subject.MODELS: ("name", "digest"),
    Subject.EXPERIMENTS: (),
    Subject.REGISTERED_MODELS: (),
    Subject.MODEL_VERSIONS: (),
}

RELATIVES: Mapping[Subject, Mapping[str, Relative]] = {
    Subject.RUNS: {"parent": Relative.PARENT, "child": Relative.CHILD},
    Subject.MODELS: {"run": Relative.RUN, "parent": Relative.PARENT},
    Subject.EXPERIMENTS: {},
    Subject.REGISTERED_MODELS: {},
    Subject.MODEL_VERSIONS: {},
}

PARTS: Mapping[Entity, Mapping[str, PartName]] = {
    Entity.METRIC: {name.value: name for name in PartName if name is not PartName.NUMBER},
    Entity.PARAM: {PartName.NUMBER.value: PartName.NUMBER},
}
# The tag of a run that says which way its metric is best, as `tracker.goal.<metric>`.
GOAL_TAG = "tracker.goal."
MINIMIZE = "minimize"
MAXIMIZE = "maximize"

ORDERING = frozenset({Operator.LESS, Operator.AT_MOST, Operator.GREATER, Operator.AT_LEAST, Operator.BETWEEN})
MATCHING = frozenset({Operator.LIKE, Operator.ILIKE, Operator.REGEXP})
KEYWORDS = frozenset({"and", "or", "not", "in", "is", "null", "like", "ilike", "between"})


def find_entity(subject: Subject, word: str) -> Entity | None:
    """Look up an entity by any of its spellings, if the subject has it."""
    entity = ENTITY_WORDS.get(word.lower())
    return entity if entity in ENTITIES[subject] else None


def entity_names(subject: Subject) -> list[str]:
    """List what may stand before a subject's keys, as we write it."""
    return sorted([*(entity.value for entity in ENTITIES[subject]), *RELATIVES[subject]])


def find_attribute(subject: Subject, word: str) -> str | None:
    """Look up an attribute by any of its spellings ("Run name" is `run_name`)."""
    name = word.strip().lower().replace(" ", "_")
    name = ATTRIBUTE_SPELLINGS[subject].get(name, name)
    return name if name in ATTRIBUTES[subject] else None


def kind_of(subject: Subject, field: Field) -> Kind:
    """Tell what a field's values are."""
    match field.entity:
        case Entity.ATTRIBUTE:
            return ATTRIBUTES[subject][field.key]
        case Entity.METRIC:
            return Kind.NUMBER
        case Entity.PARAM:
            return Kind.NUMBER if field.part and not field.literal else Kind.EITHER
        case Entity.TAG | Entity.DATASET:
            return Kind.TEXT


def goal_tag(metric: str) -> str:
    """Return the tag by which a run, or its parent, says how a metric is best: `minimize` or `maximize`."""
    return GOAL_TAG + metric
