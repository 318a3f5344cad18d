"""Read and search registered models and their versions: plain functions, for a thread that may wait.

There are few of them beside runs and checkpoints, so a search looks at all that a name or an index does not rule out.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from ...entities import ModelVersion, RegisteredModel, Stage, number_in
from ...entities.registry import stage_of
from ...errors import InvalidPageToken
from ...filter import Sql, behind, joined, order_by, order_keys, where
from ..interface import Found, Query

# What is searched, under the subject's name and with the names that the filter has for its columns; as in MLflow a
# version without a run has an empty run ID, which `!=` finds.
_MODELS = Sql("registered_models")
_VERSIONS = Sql(
    "(SELECT v.registered_no, v.version AS version_number, r.name, coalesce(v.model_id, '') AS model_id,"
    " coalesce(v.run_id, '') AS run_id, v.source AS source_path, v.stage, v.description,"
    " v.creation_timestamp, v.last_updated_timestamp"
    " FROM model_versions AS v JOIN registered_models AS r USING (registered_no)) AS model_versions"
)
_ALL = "SELECT registered_no FROM registered_models ORDER BY name"
_NAMED = "SELECT registered_no FROM registered_models WHERE name = ?"
# The key of the version that is meant, in each of the ways in which one can be.
_BY = (
    "SELECT v.registered_no, v.version FROM registered_models JOIN {} AS v USING (registered_no) WHERE name = ?1 AND {}"
)
_BY_NUMBER = _BY.format("model_versions", "v.version = ?2")
_BY_ALIAS = _BY.format("model_aliases", "alias = ?2")
_NEWEST = _BY.format("model_versions", "(?2 = '' OR stage = ?2)") + " ORDER BY v.version DESC LIMIT 1"
_ABOUT = """
SELECT r.registered_no, r.name, r.creation_timestamp, r.last_updated_timestamp, r.description
FROM json_each(?) AS j CROSS JOIN registered_models AS r ON r.registered_no = j.value
"""
_TAGS = """
SELECT t.registered_no, t.key, t.value FROM json_each(?) AS j CROSS JOIN registered_model_tags AS t
    ON t.registered_no = j.value
ORDER BY t.registered_no, t.key
"""
# Rows of a table, `v`: those of some registered models, or those of some versions, each given as both its numbers.
_OF_MODELS = "json_each(?) AS j CROSS JOIN {} AS v ON v.registered_no = j.value"
_OF_VERSIONS = (
    "json_each(?) AS j CROSS JOIN {} AS v"
    " ON v.registered_no = json_extract(j.value, '$[0]') AND v.version = json_extract(j.value, '$[1]')"
)
_VERSION = """
SELECT v.registered_no, v.version, r.name, v.model_id, v.run_id, v.source, v.creation_timestamp,
    v.last_updated_timestamp, v.description, v.stage, v.user_id, v.run_link
FROM {} JOIN registered_models AS r ON r.registered_no = v.registered_no ORDER BY v.registered_no, v.version
"""
_VERSION_TAGS = "SELECT v.registered_no, v.version, v.key, v.value FROM {} ORDER BY v.key"
_ALIASES = "SELECT v.registered_no, v.version, v.alias FROM {} ORDER BY v.alias"

# Of each version, what it says it is of, and the experiments of that; a model without versions is a row of nothing.
_ORIGINS = """
SELECT r.name, v.version, nullif(v.model_id, ''), nullif(v.run_id, ''),
    (SELECT experiment_id FROM models AS m WHERE m.model_id = v.model_id),
    (SELECT experiment_id FROM runs WHERE runs.run_id = v.run_id AND run_no > 0)
FROM registered_models AS r LEFT JOIN model_versions AS v USING (registered_no) WHERE ?1 IS NULL OR r.name = ?1
"""
_LATEST = "latest"

Row = tuple[Any, ...]
Key = tuple[int, int]


def search_models(connection: sqlite3.Connection, query: Query) -> Found[RegisteredModel]:
    """Return the registered models that match, in order."""
    rows = _find(connection, query, _MODELS, ["registered_no"])
    numbers = [row[0] for row in rows[: query.limit]]
    made = _models(connection, numbers)
    return Found([made[number] for number in numbers], [row[1:] for row in rows])


def search_versions(connection: sqlite3.Connection, query: Query) -> Found[ModelVersion]:
    """Return the versions that match, in order."""
    rows = _find(connection, query, _VERSIONS, ["registered_no", "version_number"])
    keys = [(row[0], row[1]) for row in rows[: query.limit]]
    made = _versions(connection, _OF_VERSIONS, keys)
    return Found([made[key] for key in keys], [row[2:] for row in rows])


def all_models(connection: sqlite3.Connection) -> list[RegisteredModel]:
    """Return all registered models, by name."""
    numbers = [number for (number,) in connection.execute(_ALL)]
    made = _models(connection, numbers)
    return [made[number] for number in numbers]


def model_named(connection: sqlite3.Connection, name: str) -> RegisteredModel | None:
    """Return a registered model by its name; None if there is none of that name."""
    numbers = [number for (number,) in connection.execute(_NAMED, (name,))]
    return next(iter(_models(connection, numbers).values()), None)


def versions_named(connection: sqlite3.Connection, name: str) -> list[ModelVersion]:
    """Return the versions of a registered model, by number; none if there is no such model."""
    numbers = [number for (number,) in connection.execute(_NAMED, (name,))]
    return list(_versions(connection, _OF_MODELS, numbers).values())


def version_meant(connection: sqlite3.Connection, name: str, wanted: str) -> ModelVersion | None:
    """Return a version by its number, `@alias`, `latest` or a stage, of which it is the newest; None if none is."""
    meant = _meant(wanted)
    if meant is None:
        return None
    keys = connection.execute(meant[0], (name, meant[1])).fetchall()
    return next(iter(_versions(connection, _OF_VERSIONS, keys).values()), None)


def _meant(wanted: str) -> tuple[str, str | int] | None:
    """Return the query for the key of a version, and what it asks by."""
    if wanted.startswith("@"):
        return _BY_ALIAS, wanted[1:]
    if (number := number_in(wanted)) is not None:
        return _BY_NUMBER, number
    stage = "" if wanted.lower() == _LATEST else stage_of(wanted)
    return None if stage is None else (_NEWEST, stage)


def origins(connection: sqlite3.Connection, name: str | None) -> dict[str, set[str | None]]:
    """Return, by the names of registered models, the experiments that their versions come from."""
    found: dict[str, set[str | None]] = defaultdict(set)
    for each, version, model_id, run_id, *homes in connection.execute(_ORIGINS, (name,)):
        of = [home for owner, home in zip((model_id, run_id), homes, strict=True) if owner is not None]
        if version is None:
            found[each] = set()
        else:
            found[each] |= {None if home is None else str(home) for home in of or [None]}
    return dict(found)


def _find(connection: sqlite3.Connection, query: Query, source: Sql, own: Sequence[str]) -> list[Row]:
    """Return, in order, the own numbers of each row that a query asks for and its place."""
    subject = query.where.subject
    keys = order_keys(subject, query.order.terms)
    conditions = [where(query.where)]
    if query.after is not None:
        if len(query.after) != len(keys):
            raise InvalidPageToken
        conditions.append(behind(keys, query.after))
    sql = joined(
        [
            Sql("SELECT "),
            joined([*(Sql(f"{subject.value}.{name}") for name in own), *(key.sql for key in keys)], ", "),
            Sql(" FROM "),
            source,
            Sql(" WHERE "),
            joined(conditions, " AND "),
            Sql(" ORDER BY "),
            order_by(keys),
            Sql(" LIMIT ?", (query.limit + query.peek,)),
        ],
        "",
    )
    return connection.execute(sql.text, sql.values).fetchall()


def _models(connection: sqlite3.Connection, numbers: Sequence[int]) -> dict[int, RegisteredModel]:
    wanted = orjson.dumps(numbers).decode()
    versions: dict[int, list[ModelVersion]] = defaultdict(list)
    for (number, _), version in _versions(connection, _OF_MODELS, numbers).items():
        versions[number].append(version)
    tags: dict[int, dict[str, str]] = defaultdict(dict)
    for number, key, value in connection.execute(_TAGS, (wanted,)):
        tags[number][key] = value
    return {row[0]: _model(row, versions[row[0]], tags[row[0]]) for row in connection.execute(_ABOUT, (wanted,))}


def _model(row: Row, versions: Sequence[ModelVersion], tags: Mapping[str, str]) -> RegisteredModel:
    _, name, created, updated, description = row
    aliases = {alias: each.version for each in versions for alias in each.aliases}
    return RegisteredModel(name, created, updated, tuple(versions), dict(sorted(aliases.items())), description, tags)


def _versions(connection: sqlite3.Connection, wanted: str, ids: Sequence[object]) -> dict[Key, ModelVersion]:
    """Return versions by both their numbers, in the order of these."""
    asked = (orjson.dumps(ids).decode(),)
    aliases: dict[Key, list[str]] = defaultdict(list)
    for number, version, alias in connection.execute(_ALIASES.format(wanted.format("model_aliases")), asked):
        aliases[number, version].append(alias)
    tags: dict[Key, dict[str, str]] = defaultdict(dict)
    for number, version, key, value in connection.execute(
        _VERSION_TAGS.format(wanted.format("model_version_tags")), asked
    ):
        tags[number, version][key] = value
    return {
        (row[0], row[1]): _version(row, tuple(aliases[row[0], row[1]]), tags[row[0], row[1]])
        for row in connection.execute(_VERSION.format(wanted.format("model_versions")), asked)
    }


def _version(row: Row, aliases: tuple[str, ...], tags: Mapping[str, str]) -> ModelVersion:
    _, version, name, model_id, run_id, source, created, updated, description, stage, user_id, run_link = row
    return ModelVersion(
        name=name,
        version=version,
        model_id=model_id,
        run_id=run_id,
        source=source,
        creation_timestamp=created,
        last_updated_timestamp=updated,
        aliases=aliases,
        description=description,
        stage=Stage(stage),
        user_id=user_id,
        run_link=run_link,
        tags=tags,
    )
