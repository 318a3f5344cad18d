"""Pages far behind the first one, each asked for by the token of the one before it.

In the order of a metric that all models have, and of one that most lack: these come last, the newest first. All pages
are read once, and held to the right order: none may miss or repeat a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

import tracker

from ..figures import Answer, Figure, at_most, compared
from ..peers import given, work
from ..peers.given import Shape
from ..programs import Facts, run
from ..setting import Setting
from . import stores
from .clock import SEARCHES, in_turns, require, spread
from .judge import Judge
from .top import METRIC, ORDER, ids

LENGTH = 100
# The page far behind is so many times nearer than the last one.
NEARER = 10
FIRST, FAR, LAST = "page 1", "far", "last"
# How often a round reads each; the last one may take long.
TIMES = {FAR: SEARCHES, LAST: SEARCHES // 10}
ALL_HAVE, MOST_LACK = "all have it", "most lack it"
HELD_OUT = {"dataset_name": given.HELD_OUT, "dataset_digest": given.HELD_OUT_DIGEST}
ORDERS = {
    ALL_HAVE: ORDER,
    MOST_LACK: [{"field_name": f"metrics.{METRIC}", "ascending": False, **HELD_OUT}],
}
AS_FIRST = at_most(1.2, 1.0)

Tokens = list[str | None]


def answer(setting: Setting) -> Answer:
    """Turn pages in a process of its own."""
    found = run("searching.pages", models=setting.models, folder=stores.large(setting), rounds=setting.rounds)
    return Answer([figure for order in ORDERS for figure in figures(order, found[order])], found)


def figures(order: str, found: Facts) -> list[Figure]:
    """Compare the far pages of one order with its first."""
    return [
        compared(
            f"page {found['pages'][place]:,} of {LENGTH} models by a metric that {order}",
            "ms",
            [each["p50"] for each in found[place][place]],
            FIRST,
            [each["p50"] for each in found[place][FIRST]],
            AS_FIRST,
        )
        for place in TIMES
    ]


def main() -> None:
    """Read all pages, and some of them again and again."""
    asked = work.arguments(__doc__)
    judge = Judge(Shape(asked.models))
    right = {ALL_HAVE: judge.best(METRIC), MOST_LACK: newest_last(judge)}
    with tracker.open(asked.folder, create=False) as store:
        work.answer({order: turned(store, order, judge.named(right[order]), asked.rounds) for order in ORDERS})


def newest_last(judge: Judge) -> Sequence[np.intp]:
    """Return the order by what most lack: those that have it, then the others, the newest first."""
    has = ~np.isnan(judge.held_out)
    order = np.argsort(-judge.held_out)
    return [*order[has[order]], *np.flatnonzero(~has)[::-1]]


def turned(store: tracker.Tracker, order: str, right: list[str], rounds: int) -> Facts:
    """Return how long a far page and the last one take, each in turns with the first, by round."""
    tokens = all_pages(store, order, right)
    pages = {FIRST: 1, FAR: max(1, len(tokens) // NEARER), LAST: len(tokens)}
    works = {place: partial(read, store, order, tokens[page - 1]) for place, page in pages.items()}
    facts: Facts = {"pages": pages}
    for place, times in TIMES.items():
        found = [in_turns({each: works[each] for each in (FIRST, place)}, times) for _ in range(rounds)]
        facts[place] = {each: [spread(took[each]) for took in found] for each in (FIRST, place)}
    return facts


def all_pages(store: tracker.Tracker, order: str, right: list[str]) -> Tokens:
    """Read all pages, and return the token of each."""
    tokens: Tokens = [None]
    found: list[str] = []
    while True:
        page = read(store, order, tokens[-1])
        found += ids(page)
        if page.next_page_token is None:
            break
        tokens.append(page.next_page_token)
    wrong = next((place for place, pair in enumerate(zip(found, right, strict=False)) if len(set(pair)) > 1), None)
    require((len(found), wrong), (len(right), None), f"all pages in the order of what {order}, and the first wrong one")
    return tokens


def read(store: tracker.Tracker, order: str, token: str | None) -> tracker.Page[tracker.LoggedModel]:
    """Read one page."""
    return store.search_logged_models(order_by=ORDERS[order], max_results=LENGTH, page_token=token)


if __name__ == "__main__":
    main()
