"""What sets two search spaces apart, in lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .faults import shown
from .nesting import Path
from .reading import place_of
from .values import token

Keys = Mapping[str, object]


def differences(earlier: Mapping[Path, Keys], later: Mapping[Path, Keys]) -> Iterator[str]:
    """Yield a line for each thing that changed, by the W&B parameters at each path."""
    for path in sorted({*earlier, *later}):
        place = place_of(path)
        if path not in later:
            yield f"{place} was removed"
        elif path not in earlier:
            yield f"{place} was added"
        else:
            yield from _between(place, earlier[path], later[path])


def _between(place: str, earlier: Keys, later: Keys) -> Iterator[str]:
    before, after = _kind(earlier), _kind(later)
    if before != after:
        yield f"{place}: {before} became {after}"
        return
    for key in earlier:
        if token(earlier[key]) != token(later[key]):
            yield from _of_key(f"{place}.{key}", earlier[key], later[key])


def _kind(keys: Keys) -> str:
    named = keys.get("distribution")
    if named is not None:
        return str(named)
    if "value" in keys:
        return "constant"
    return "categorical_w_probabilities" if "probabilities" in keys else "categorical"


def _of_key(place: str, before: object, after: object) -> Iterator[str]:
    if shown(before) != shown(after):
        yield f"{place}: {shown(before)} became {shown(after)}"
    elif isinstance(before, list) and isinstance(after, list):
        for index, (old, new) in enumerate(zip(before, after, strict=False)):
            if token(old) != token(new):
                yield from _of_key(f"{place}[{index}]", old, new)
        if len(before) != len(after):
            yield f"{place}: {len(before)} of them became {len(after)}"
    else:
        yield f"{place} became another value"
