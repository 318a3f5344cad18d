"""Facts as JSON says them, and back."""

from __future__ import annotations

import pytest

from tracker.entities.registry_edits import AddVersion, DeleteVersion, Once
from tracker.errors import InvalidInput
from tracker.journal.plain import plain, read

EDIT = AddVersion("net", "s3://b", 5, tags={"a": "b"})


def test_what_a_generic_fact_is_of_is_read_as_that() -> None:
    asked = Once("1", EDIT)
    assert read(Once[AddVersion], plain(asked)) == asked
    with pytest.raises(InvalidInput, match="is not DeleteVersion"):
        read(Once[DeleteVersion], plain(asked))
