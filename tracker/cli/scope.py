"""What a search is over, as typed: experiments by name or ID, and datasets."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence

from ..client import Tracker
from ..entities import Experiment
from ..errors import DatasetNotFound, ExperimentNotFound, InvalidInput

_PAGE = 10_000


def experiment_ids(tracker: Tracker, wanted: Sequence[str]) -> list[str] | None:
    """Return the IDs of experiments that are given by name or by ID; None stands for all.

    Raises:
        ExperimentNotFound: neither a name nor an ID.
    """
    return [each.experiment_id for each in found_experiments(tracker, wanted)] if wanted else None


def found_experiments(tracker: Tracker, wanted: Sequence[str]) -> list[Experiment]:
    """Return experiments that are given by name or by ID.

    Raises:
        ExperimentNotFound: neither a name nor an ID.
    """
    known = _all_experiments(tracker)
    by_name = {each.name: each for each in known}
    # Of an experiment whose name is the ID of another one, the name is meant.
    by_word = {each.experiment_id: each for each in known} | by_name
    for word in wanted:
        if word not in by_word:
            raise ExperimentNotFound(word, by_name)
    return [by_word[word] for word in wanted]


def _all_experiments(tracker: Tracker) -> list[Experiment]:
    page = tracker.search_experiments(max_results=_PAGE)
    found = list(page)
    while page.next_page_token is not None:
        page = tracker.search_experiments(max_results=_PAGE, page_token=page.next_page_token)
        found += page
    return found


def dataset_of(text: str) -> Mapping[str, str]:
    """Return what `NAME` or `NAME@DIGEST` asks for.

    Raises:
        InvalidInput: it has no name.
    """
    name, _, digest = text.partition("@")
    if not name:
        raise InvalidInput(f"--dataset {text!r}: give a dataset's name, or NAME@DIGEST")
    return {"dataset_name": name} | ({"dataset_digest": digest} if digest else {})


def require_dataset(tracker: Tracker, wanted: Mapping[str, str]) -> None:
    """Check that there is such a dataset: a search finds nothing on one that there is not, and does not say why.

    Raises:
        DatasetNotFound: there is not.
    """
    known = {str(ref) for ref in tracker.datasets()} | {ref.name for ref in tracker.datasets()}
    text = "@".join(wanted.values())
    if text not in known:
        raise DatasetNotFound(text, known)


def names_in(option: str, text: str, example: str) -> list[str]:
    """Return the names in `a,b,c`; one that has a comma of its own stands in double quotes, as in CSV.

    Raises:
        InvalidInput: a name is empty, or a quote has no end.
    """
    try:
        names = [name.strip() for name in next(csv.reader([text], skipinitialspace=True, strict=True), [])]
    except csv.Error:
        names = []
    if not all(names) or not names:
        raise InvalidInput(f"{option} {text!r}: give names with commas between them, such as {example}")
    return names
