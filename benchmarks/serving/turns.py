"""Turns of servers: each has one a round, beside the others, and none is up while another is asked.

What goes wrong with ours is a failure of the question; a peer's is the reason why it has no figure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from ..figures import Figure, Target, compared
from ..programs import Facts, Failed
from ..setting import Setting
from .servers import CEILING, OURS, Missing, Server, ceiling, ours, peer

UNIT = "requests/s"
# What of a server was found in each round, or why there is nothing.
Found = dict[str, list[Facts] | Missing]
Turn = Callable[[str, Server], Facts]


def servers(setting: Setting, names: Iterable[str]) -> dict[str, Server | Missing]:
    """Return ours, and the others of these names."""
    return {OURS: ours(), **{name: ceiling() if name == CEILING else peer(setting, name) for name in names}}


def in_turns(setting: Setting, everybody: Mapping[str, Server | Missing], turn: Turn) -> Found:
    """Let each have its turn in every round; one that failed has no other.

    Raises:
        Failed: ours did.
    """
    found: Found = {name: each if isinstance(each, Missing) else [] for name, each in everybody.items()}
    for _ in range(setting.rounds):
        for name, server in everybody.items():
            rounds = found[name]
            if isinstance(server, Missing) or isinstance(rounds, Missing):
                continue
            try:
                rounds.append(turn(name, server))
            except Failed as error:
                if name == OURS:
                    raise
                setting.say(f"  {name}: not measured: {error}")
                found[name] = str(error)
    return found


def figures(
    title: str, found: Found, targets: Mapping[str, Target | None], *, what: str = "rate", unit: str = UNIT
) -> list[Figure]:
    """Compare ours with each other one, round by round."""
    mine = found[OURS]
    if isinstance(mine, Missing):
        raise Failed(mine)
    values = [each[what] for each in mine]
    return [against(title, unit, values, name, found[name], what, target) for name, target in targets.items()]


def against(
    title: str,
    unit: str,
    ours: Sequence[float],
    name: str,
    theirs: list[Facts] | Missing,
    what: str,
    target: Target | None,
) -> Figure:
    """Compare with another one, or say why that is not there."""
    if isinstance(theirs, Missing):
        middle = sorted(ours)[len(ours) // 2]
        return Figure(title, unit, middle, target, name, note=theirs)
    return compared(title, unit, ours, name, [each[what] for each in theirs], target)
