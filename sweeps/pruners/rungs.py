"""Where successive halving looks at trials: iterations that grow by a factor."""

from __future__ import annotations

from collections.abc import Iterator

from ..config import Asha, EarlyTerminate, HyperbandRule, PrunerRule

Rule = PrunerRule | EarlyTerminate
Halving = Asha | HyperbandRule | EarlyTerminate
# W&B looks for so many; with any factor above 1.3, no trial runs for as long as the last of them.
MOST = 100
# No trial reports as often, and floats are exact up to here.
_ENDLESS = 2**53


def rungs(rule: Rule) -> tuple[int, ...]:
    """Return the iterations, rising, at which a rule of successive halving looks at trials; () of another rule."""
    match rule:
        case Asha() | HyperbandRule():
            return rising(rule.min_iter, rule.eta, rule.max_iter)
        case EarlyTerminate(min_iter=int(first)):
            return powers(first, rule.eta)
        case EarlyTerminate(max_iter=int(last)):
            return fractions(last, rule.eta, rule.s or 0)
        case _:
            return ()


def brackets(rule: Asha | HyperbandRule) -> int:
    """Return how many brackets a rule has: those of hyperband begin at its rungs up to `max_iter`, included."""
    if isinstance(rule, Asha):
        return rule.brackets
    return len(rising(rule.min_iter, rule.eta, rule.max_iter + 1))


def rising(first: int, eta: float, below: int | None = None) -> tuple[int, ...]:
    """Return `first`, times `eta`, and so on: whole numbers below `below`, each at least one above the one before."""
    return tuple(_rising(first, eta, _ENDLESS if below is None else below))


def _rising(first: int, eta: float, below: int) -> Iterator[int]:
    exact: float = first
    for _ in range(MOST):
        if exact >= below:
            return
        yield int(exact)
        exact = max(exact * eta, int(exact) + 1)


def powers(first: int, eta: float) -> tuple[int, ...]:
    """Return W&B's bands from `min_iter`: a hundred powers, each rounded down, equal ones once."""
    bands: dict[int, None] = {}
    exact: float = first
    for _ in range(MOST):
        if exact >= _ENDLESS:
            break
        bands[int(exact)] = None
        exact *= eta
    return tuple(bands)


def fractions(last: int, eta: float, count: int) -> tuple[int, ...]:
    """Return W&B's bands from `max_iter` and `s`: so many fractions of `last` that are at least 1, equal ones once."""
    bands: set[int] = set()
    exact: float = last
    for _ in range(count):
        exact /= eta
        if exact < 1:
            break
        bands.add(int(exact))
    return tuple(sorted(bands))
