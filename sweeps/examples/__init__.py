"""Built-in examples: folders with a sweep file and the program that it runs, to try and to start from."""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path

from tracker.errors import MissingExtra

from ..errors import ExampleNotFound, SweepError

_ROOT = Path(__file__).parent
# What an example needs beyond this package: what is imported, what that is called, and the extra that brings it.
_NEEDS = {"digits": ("sklearn", "scikit-learn", "examples")}


@dataclass(frozen=True, slots=True)
class Example:
    """One example: its name, what it shows, and its sweep file."""

    name: str
    description: str
    file: Path

    def require(self) -> None:
        """Check that what it needs is installed; raises MissingExtra."""
        module, library, extra = _NEEDS[self.name]
        if importlib.util.find_spec(module) is None:
            raise MissingExtra(library, extra)

    def write(self, folder: Path) -> list[Path]:
        """Copy its files into a folder; nothing that is there is overwritten."""
        sources = sorted(path for path in self.file.parent.iterdir() if path.suffix in {".py", ".yaml"})
        targets = [folder / source.name for source in sources]
        for target in targets:
            if target.exists():
                raise SweepError(f"{target} exists already; name another folder")
        folder.mkdir(parents=True, exist_ok=True)
        for source, target in zip(sources, targets, strict=True):
            shutil.copyfile(source, target)
        return targets


EXAMPLES = {
    "digits": Example(
        "digits",
        "a small neural network on handwritten digits: 24 trials of 20 epochs by TPE, two at a time",
        _ROOT / "digits" / "digits.yaml",
    ),
}


def find_example(name: str) -> Example:
    """Return an example by its name; raises ExampleNotFound."""
    if name not in EXAMPLES:
        raise ExampleNotFound(name, EXAMPLES)
    return EXAMPLES[name]
