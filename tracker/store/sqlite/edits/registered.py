"""Edits of registered models, and of what they and their versions have alike: descriptions and tags."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from ....entities.registry_edits import (
    CreateRegistered,
    DeleteRegistered,
    DeleteRegisteredTag,
    DescribeRegistered,
    RenameRegistered,
    SetRegisteredTags,
)
from ....errors import RegisteredModelExists, RegisteredModelNotFound, VersionNotFound
from .common import set_texts

_REGISTERED = "SELECT registered_no FROM registered_models WHERE name = ?"
_KNOWN_VERSION = "SELECT 1 FROM model_versions WHERE registered_no = ? AND version = ?"
_CREATE = """
INSERT INTO registered_models (name, last_version, creation_timestamp, last_updated_timestamp, description)
VALUES (?1, 0, ?2, ?2, ?3)
"""
_RENAME = "UPDATE registered_models SET name = ?, last_updated_timestamp = ? WHERE registered_no = ?"
_RENAMED = "UPDATE model_versions SET last_updated_timestamp = ? WHERE registered_no = ?"
_DECIDED = "UPDATE promotions SET name = ? WHERE name = ?"
_DESCRIBE = "UPDATE registered_models SET description = ?, last_updated_timestamp = ? WHERE registered_no = ?"
_DESCRIBE_VERSION = """
UPDATE model_versions SET description = ?, last_updated_timestamp = ? WHERE registered_no = ? AND version = ?
"""
# Versions of other models may be made of this one's: these go on meaning what they meant, whatever it is called.
_MADE_OF = """
UPDATE model_versions SET source = ?1 || substr(source, length(?2) + 1)
WHERE substr(source, 1, length(?2)) = ?2 AND substr(source, length(?2) + 1) NOT GLOB '*[^0-9]*'
"""
_DELETE = "DELETE FROM registered_models WHERE registered_no = ?"
_NUMBERS_OF = "SELECT version FROM model_versions WHERE registered_no = ?"
_INHERIT = """
UPDATE model_versions SET source = (SELECT source FROM model_versions WHERE registered_no = ?1 AND version = ?2)
WHERE source = ?3
"""
_DELETE_VERSION = "DELETE FROM model_versions WHERE registered_no = ? AND version = ?"
_UNDECIDED = "DELETE FROM promotions WHERE name = ?"
_VERSION_TAG = """
INSERT INTO model_version_tags (registered_no, version, key, value) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET value = excluded.value
"""
_DELETE_TAG = "DELETE FROM registered_model_tags WHERE registered_no = ? AND key = ?"
_DELETE_VERSION_TAG = "DELETE FROM model_version_tags WHERE registered_no = ? AND version = ? AND key = ?"
# As far as SQLite's integers go.
_NUMBERS = range(1, 2**63)


class Version(NamedTuple):
    """The primary key of a version."""

    registered: int
    number: int


def create(connection: sqlite3.Connection, edit: CreateRegistered) -> None:
    """Make a registered model.

    Raises:
        RegisteredModelExists: there is one of that name.
    """
    _require_free(connection, edit.name)
    made = connection.execute(_CREATE, (edit.name, edit.timestamp, edit.description))
    set_texts(connection, "registered_model_tags", "registered_no", int(made.lastrowid or 0), edit.tags)


def rename(connection: sqlite3.Connection, edit: RenameRegistered) -> None:
    """Rename a registered model; what was decided about it goes along.

    Raises:
        RegisteredModelNotFound, RegisteredModelExists: there is none of the one name, or one of the other.
    """
    number = registered_number(connection, edit.name)
    if edit.new_name != edit.name:
        _require_free(connection, edit.new_name)
    connection.execute(_RENAME, (edit.new_name, edit.timestamp, number))
    connection.execute(_RENAMED, (edit.timestamp, number))
    connection.execute(_DECIDED, (edit.new_name, edit.name))
    connection.execute(_MADE_OF, (f"models:/{edit.new_name}/", f"models:/{edit.name}/"))


def describe(connection: sqlite3.Connection, edit: DescribeRegistered) -> None:
    """Describe a registered model, or a version of it.

    Raises:
        RegisteredModelNotFound, VersionNotFound: there is no such one.
    """
    said = edit.description, edit.timestamp
    if edit.version is None:
        connection.execute(_DESCRIBE, (*said, registered_number(connection, edit.name)))
    else:
        connection.execute(_DESCRIBE_VERSION, (*said, *version_key(connection, edit.name, edit.version)))


def delete(connection: sqlite3.Connection, edit: DeleteRegistered) -> None:
    """Delete a registered model with its versions; its name is free then.

    Raises:
        RegisteredModelNotFound: there is none of that name.
    """
    number = registered_number(connection, edit.name)
    for (version,) in connection.execute(_NUMBERS_OF, (number,)).fetchall():
        forget_version(connection, edit.name, Version(number, version))
    connection.execute(_DELETE, (number,))
    connection.execute(_UNDECIDED, (edit.name,))


def set_tags(connection: sqlite3.Connection, edit: SetRegisteredTags) -> None:
    """Set tags of a registered model, or of a version of it.

    Raises:
        RegisteredModelNotFound, VersionNotFound: there is no such one.
    """
    if edit.version is None:
        number = registered_number(connection, edit.name)
        set_texts(connection, "registered_model_tags", "registered_no", number, edit.values)
    else:
        key = version_key(connection, edit.name, edit.version)
        connection.executemany(_VERSION_TAG, [(*key, *each) for each in edit.values.items()])


def delete_tag(connection: sqlite3.Connection, edit: DeleteRegisteredTag) -> None:
    """Delete a tag of a registered model, or of a version of it; one that is not there is deleted already.

    Raises:
        RegisteredModelNotFound, VersionNotFound: there is no such model or version.
    """
    if edit.version is None:
        connection.execute(_DELETE_TAG, (registered_number(connection, edit.name), edit.key))
    else:
        connection.execute(_DELETE_VERSION_TAG, (*version_key(connection, edit.name, edit.version), edit.key))


def registered_number(connection: sqlite3.Connection, name: str) -> int:
    """Return a registered model's number.

    Raises:
        RegisteredModelNotFound: there is none of that name.
    """
    row = connection.execute(_REGISTERED, (name,)).fetchone()
    if row is None:
        raise RegisteredModelNotFound(name)
    return int(row[0])


def version_key(connection: sqlite3.Connection, name: str, version: int) -> Version:
    """Return the primary key of a version.

    Raises:
        RegisteredModelNotFound, VersionNotFound: there is no such one.
    """
    key = Version(registered_number(connection, name), version)
    if version not in _NUMBERS or connection.execute(_KNOWN_VERSION, key).fetchone() is None:
        raise VersionNotFound(name, str(version))
    return key


def forget_version(connection: sqlite3.Connection, name: str, key: Version) -> None:
    """Delete a version; what was made of it is made of what that was made of."""
    connection.execute(_INHERIT, (*key, f"models:/{name}/{key.number}"))
    connection.execute(_DELETE_VERSION, key)


def _require_free(connection: sqlite3.Connection, name: str) -> None:
    if connection.execute(_REGISTERED, (name,)).fetchone() is not None:
        raise RegisteredModelExists(name)
