"""Whose a process is: found out once for each, when it is first seen, and remembered for as long as it lives.

A process belongs to an attempt (known by the ID of the process that was started for it) if

- it is in the session of that process, which can be left but not joined;
- or its parent belongs to the attempt;
- or it carries the attempt's marker in the environment that it began with.

So one that forks twice and begins a session of its own is found by its marker, though it is the scheduler's child by
then; one that was also started with another environment is found if it was seen before its parent ended. A process
of which none of this is true is none of ours, and is never ended: the scheduler may be part of a larger program.
"""

from __future__ import annotations

import os

from .procfs import list_adopted, list_processes, read_kin, read_memory, read_variable

MARKER = "SWEEPS_ATTEMPT"
# Who owns a process that is none of ours.
NOBODY = 0


class Census:
    """The processes of this machine, by whose they are."""

    def __init__(self) -> None:
        # By process.
        self._owners: dict[int, int] = {}
        self._started: set[int] = set()
        self._markers: dict[str, int] = {}
        self._orphans: set[int] = set()
        self._me = os.getpid(), os.getsid(0)

    def add(self, pid: int, marker: str) -> None:
        """Take in a process that leads a session of its own, just started for an attempt."""
        self._owners[pid] = pid
        self._started.add(pid)
        self._markers[marker] = pid

    def remove(self, pid: int) -> None:
        """Forget an attempt."""
        self._owners = {member: owner for member, owner in self._owners.items() if owner != pid}
        self._started.discard(pid)
        self._markers = {marker: owner for marker, owner in self._markers.items() if owner != pid}

    def refresh(self) -> None:
        """Look at every process that has come since the last look, and forget those that have gone."""
        there = list_processes()
        for pid in self._owners.keys() - there:
            if pid not in self._started:
                del self._owners[pid]
        self._orphans &= there
        new = there - self._owners.keys()
        for pid in sorted(new):
            self._find(pid, new)

    def owners_of_children(self, ended: int) -> set[int]:
        """Return whose this process's children are, beside the ended process of an attempt, without a look at all.

        Whatever the attempt left has lost its parent, or a forebear has, and has come to this process, which adopts
        orphans: so a child that was never seen counts as the attempt's, and so does what cannot be listed.
        """
        children = list_adopted()
        return {ended} if children is None else {self._owners.get(pid, ended) for pid in children - {ended}}

    def members(self, owner: int) -> list[int]:
        """Return the processes of an attempt beside the one that was started for it."""
        return [pid for pid, found in self._owners.items() if found == owner != pid]

    def to_reap(self) -> set[int]:
        """Return the processes that, if they are our children, are so only since their parents have ended."""
        return {pid for pid, owner in self._owners.items() if owner not in {NOBODY, pid}} | self._orphans

    def memory(self, owner: int) -> int:
        """Return how many bytes the processes of an attempt hold together."""
        return sum(read_memory(pid) for pid in (owner, *self.members(owner)))

    def _find(self, pid: int, new: set[int]) -> int:
        if pid not in self._owners:
            self._owners[pid] = NOBODY  # also while its parents are looked for
            self._owners[pid] = self._owner(pid, new)
        return self._owners[pid]

    def _owner(self, pid: int, new: set[int]) -> int:
        kin = read_kin(pid)
        if kin is None:
            return NOBODY
        me, session = self._me
        # A child that we have started is in our session, or has begun its own; no other can be entered.
        if kin.parent == me and kin.session not in {session, pid}:
            self._orphans.add(pid)
        owner = kin.session if kin.session in self._started else NOBODY
        if not owner and kin.parent != me:
            owner = self._find(kin.parent, new) if kin.parent in new else self._owners.get(kin.parent, NOBODY)
        owner = owner or self._markers.get(read_variable(pid, MARKER), NOBODY)
        if owner and self._owners.get(kin.session) == NOBODY and kin.session != session:
            # It leads the session of one of the attempt's, so it was of the attempt; but had ended when it was seen.
            self._owners[kin.session] = owner
        return owner
