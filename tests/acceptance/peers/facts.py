"""What the real MLflow once answered about one world, kept as a file, so that every run can be held to it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .cases import Case
from .differences import in_other_words
from .ours import Answer
from .peer import ask_mlflow
from .worlds import World

KEPT = Path(__file__).parent / "mlflow_facts.json"


@dataclass(frozen=True)
class Facts:
    """A world, cases, and what MLflow (of a version) answered to each: as it stands, and in other words."""

    version: str
    world: World
    cases: Sequence[Case]
    answers: Sequence[Answer]
    in_other_words: Sequence[Answer]

    def save(self, path: Path) -> None:
        """Write them to a file, one line for each thing, with IDs as their places in the world."""
        rows = zip(self.cases, self.answers, self.in_other_words, strict=True)
        told = {
            "mlflow": self.version,
            "world": self.world.as_json(),
            "cases": [_kept(self.world, *row) for row in rows],
        }
        path.write_text(_laid_out(told), "utf-8")

    @classmethod
    def load(cls, path: Path = KEPT) -> Facts:
        """Read what `save` wrote."""
        told = json.loads(path.read_text("utf-8"))
        world = World.of_json(told["world"])
        cases = [Case(**each["case"]) for each in told["cases"]]
        answers = [_read(world, each["case"], each["answer"]) for each in told["cases"]]
        others = [_read(world, each["case"], each.get("in_other_words", each["answer"])) for each in told["cases"]]
        return cls(told["mlflow"], world, cases, answers, others)


def gather(world: World, cases: Sequence[Case], folder: Path) -> tuple[Facts, dict[str, Any]]:
    """Ask MLflow; return what it answered, and what it held."""
    rephrased = [in_other_words(world, case) for case in cases]
    said = ask_mlflow(world, [*cases, *rephrased], folder)
    half = len(cases)
    return Facts(said.version, world, cases, said.answers[:half], said.answers[half:]), said.held


def _kept(world: World, case: Case, answer: Answer, other: Answer) -> dict[str, Any]:
    kept = {"case": _told(case), "answer": _placed(world, case, answer)}
    return kept if other == answer else {**kept, "in_other_words": _placed(world, case, other)}


def _told(case: Case) -> dict[str, Any]:
    plain = asdict(Case(case.subject))
    return {name: value for name, value in asdict(case).items() if name == "subject" or value != plain[name]}


def _placed(world: World, case: Case, answer: Answer) -> Answer:
    places = {identity: place for place, identity in enumerate(world.identities(case.subject))}
    return _each(answer, places)


def _read(world: World, case: dict[str, Any], answer: Answer) -> Answer:
    return _each(answer, dict(enumerate(world.identities(case["subject"]))))


def _each(answer: Answer, names: dict[Any, Any]) -> Answer:
    if "refused" in answer:
        return {"refused": answer["refused"].partition(":")[0]}
    return {"pages": [[names[identity] for identity in page] for page in answer["pages"]]}


def _laid_out(told: dict[str, Any]) -> str:
    world = ",\n".join(f'"{name}": {_listed(rows)}' for name, rows in told["world"].items())
    version = json.dumps(told["mlflow"])
    return f'{{"mlflow": {version},\n"world": {{\n{world}}},\n"cases": {_listed(told["cases"])}}}\n'


def _listed(rows: Sequence[object]) -> str:
    written = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    return f"[\n{written}]"
