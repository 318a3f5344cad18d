"""One case, two answers: the same, known to differ, more than MLflow can, or a fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .cases import Case
from .differences import DIFFERENCES, Difference, touching
from .ours import Answer
from .worlds import World

SHOWN = 10


@dataclass(frozen=True)
class Compared:
    """A case with MLflow's answer, its answer to the case in other words, and ours."""

    world: World
    case: Case
    theirs: Answer
    in_other_words: Answer
    ours: Answer


@dataclass
class Verdicts:
    """What came out: how many answers are the same, which differences were met, what is wrong."""

    same: int = 0
    # Cases that MLflow refuses: of these, how many we answer.
    refused: int = 0
    answered: int = 0
    met: Counter[Difference] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def compared(self) -> int:
        """How many cases MLflow answered."""
        return self.same + sum(self.met.values()) + len(self.faults)

    def report(self, subject: str) -> str:
        """Say it in lines."""
        first = f"{subject}: {self.compared} compared, {self.same} the same"
        more = f"{self.refused} refused by MLflow, {self.answered} of them answered here"
        met = [f"  {count} x {each.name}: {each.reason} [{each.reference}]" for each, count in self.met.most_common()]
        return "\n".join([f"{first}; {more}", *met])

    def require(self) -> None:
        """Raise where there are faults, and show the first of them."""
        first = "\n".join(self.faults[:SHOWN])
        assert not self.faults, f"{len(self.faults)} faults of {self.compared}, the first:\n{first}"


def judge(compared: Iterable[Compared], listed: Sequence[Difference] = DIFFERENCES) -> Verdicts:
    """Compare all; a difference that is not listed is a fault."""
    verdicts = Verdicts()
    for each in compared:
        if "refused" in each.theirs:
            verdicts.refused += 1
            verdicts.answered += "pages" in each.ours
        elif each.theirs == each.ours:
            verdicts.same += 1
        elif difference := _known(each, listed):
            verdicts.met[difference] += 1
        else:
            verdicts.faults.append(_shown(each))
    return verdicts


def _known(each: Compared, listed: Sequence[Difference]) -> Difference | None:
    """Return the difference that an answer shows, if there is one for it."""
    found = touching(each.world, each.case, listed)
    if "refused" in each.ours:
        error = each.ours["refused"].partition(":")[0]
        return next((difference for difference in found if difference.refusal == error), None)
    concerned = frozenset[str]().union(*(difference.concerned(each.world, each.case) for difference in found))
    if found and _without(each.in_other_words, concerned) == _without(each.ours, concerned):
        return found[0]
    return None


def _without(answer: Answer, concerned: frozenset[str]) -> Sequence[object]:
    """Return the pages; if some IDs do not count, all that do in one list, since they are not where pages end."""
    pages = answer.get("pages", ["none"])
    return [identity for page in pages for identity in page if identity not in concerned] if concerned else pages


def _shown(each: Compared) -> str:
    case, ours, theirs = each.case, each.ours, each.theirs
    shown = [f"{name}={value!r}" for name, value in vars(case).items() if name == "filter" or value]
    return f"{', '.join(shown)}\n  MLflow: {_brief(theirs)}\n  ours:   {_brief(ours)}"


def _brief(answer: Answer) -> str:
    if "refused" in answer:
        return str(answer["refused"])
    ids = [identity[:7] for page in answer["pages"] for identity in page]
    return f"{len(ids)} on {len(answer['pages'])} pages: {' '.join(ids)[:200]}"
