"""What somebody may do with an experiment or a registered model, and who somebody is: pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """What somebody may do; each role has what those before it have."""

    NONE = "none"
    READ = "read"
    EDIT = "edit"
    MANAGE = "manage"

    def covers(self, needed: Role) -> bool:
        """Say whether it is enough where another one is needed."""
        return _RANKS[self] >= _RANKS[needed]


_RANKS = {role: rank for rank, role in enumerate(Role)}
GRANTED = (Role.READ, Role.EDIT, Role.MANAGE)


def greatest(roles: Iterable[Role]) -> Role:
    """Return the one that has what all of them have."""
    return max(roles, key=_RANKS.__getitem__, default=Role.NONE)


class Owned(StrEnum):
    """What roles are given for: an experiment by its ID, a registered model by its name."""

    EXPERIMENT = "experiment"
    REGISTERED_MODEL = "registered model"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks, and what they may do.

    `floor` is what they may do in every experiment, and lets them read every registered model. `experiments` and
    `registered_models` are the roles that were given to them, by ID and by name.
    """

    name: str
    is_admin: bool = False
    floor: Role = Role.NONE
    experiments: Mapping[str, Role] = field(default_factory=dict)
    registered_models: Mapping[str, Role] = field(default_factory=dict)

    @property
    def reads_all(self) -> bool:
        """Whether they may read every experiment."""
        return self.is_admin or self.floor is not Role.NONE

    def role_in(self, experiment_id: str) -> Role:
        """Return what they may do in an experiment."""
        if self.is_admin:
            return Role.MANAGE
        return greatest([self.floor, self.experiments.get(experiment_id, Role.NONE)])

    def reads(self, experiment_id: str) -> bool:
        """Say whether they may read an experiment."""
        return self.role_in(experiment_id).covers(Role.READ)

    def reads_registered(self, name: str, origins: Collection[str | None]) -> bool:
        """Say whether they may read a registered model, given the experiments that its versions come from.

        Of a version that comes from none of them, which is None, only a role for the name tells anything.
        """
        if self.reads_all or name in self.registered_models:
            return True
        return bool(origins) and all(each is not None and self.reads(each) for each in origins)

    def narrowed(self, experiment_ids: Sequence[str] | None) -> Sequence[str] | None:
        """Return which of some experiments they may read; None is all that there are."""
        if self.reads_all:
            return experiment_ids
        wanted = self.experiments if experiment_ids is None else experiment_ids
        return [each for each in wanted if self.reads(each)]


# Who asks where nobody signs in: they may do everything.
EVERYBODY = Identity("", is_admin=True)
# Who asks for what is anybody's: they may do nothing else.
STRANGER = Identity("")
