"""What changes registered models, and deletes logged models: said by way of the journal, decided where it is stored."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from anyio import to_thread

from ..entities.records import DeleteAlias, DeleteModel, Promote, SetAlias
from ..errors import ModelPinned, StoreUnavailable
from ..ranking import Checkpoint, Decision, Standing, chosen_dataset, decide_promotion
from ..system import milliseconds
from .engine import Engine
from .model import AsyncLoggedModel, Measurable
from .registry import SCHEME, KeepPlan, RegistrySearches, alias_of, registered_name_of, version_number_of
from .values import key_of

log = logging.getLogger("tracker")


@dataclass(frozen=True, slots=True)
class CarriedOut:
    """What became of a plan: which checkpoints were deleted, and which of those to be were not, with the reasons."""

    deleted: tuple[Checkpoint, ...]
    left: tuple[tuple[Checkpoint, str], ...]

    @property
    def bytes_freed(self) -> int:
        """How much was won."""
        return sum(each.bytes for each in self.deleted)


class Registering:
    """The part of an async client that changes the registry."""

    engine: Engine
    searches: RegistrySearches[AsyncLoggedModel]

    async def promote_if_better(
        self,
        model: Measurable | str,
        name: str,
        *,
        alias: str = "best",
        metric: str,
        goal: str = "maximize",
        dataset: str | None = None,
        min_lead: float = 0.0,
    ) -> Decision:
        """Give an alias of a registered model to a logged model, if it is better than the one that has it.

        It is decided where it is stored, by the newest values there: of several processes that promote at once, the
        best one's model has the alias in the end. A model that is promoted gets a version, unless it has one; every
        decision is recorded, with its reason. `dataset` is `NAME` or `NAME@DIGEST`; it may be left out if the model's
        metric was measured on one dataset only.

        Raises:
            InvalidInput: the name, the alias, the goal or `min_lead` cannot be used.
            ModelNotFound: there is no such logged model.
            AmbiguousDataset, DatasetNotFound: its metric was measured on several datasets, or not on this one.
            StoreUnavailable: it is logged and not decided yet, since the store cannot be written just now.
        """
        name, alias = registered_name_of(name), alias_of(alias)
        # What cannot be used is refused here, where somebody is there to be told.
        decide_promotion(Standing("", key_of(metric), None), None, goal, min_lead)
        found = await self._found(model)
        measured = list(dict.fromkeys(each.dataset for each in found.info.measurements if each.key == metric))
        ref = chosen_dataset(metric, dataset, measured)
        promotion_id, lead = secrets.token_hex(16), float(min_lead)
        said = Promote(promotion_id, name, alias, found.model_id, metric, goal, ref, lead, milliseconds())
        await self.engine.carry_out([said], f"the promotion of {found.model_id}")
        decided = await to_thread.run_sync(self.searches.registry.promotion, promotion_id)
        if decided is None:
            raise StoreUnavailable(f"the promotion of {found.model_id} was not recorded; look at tracker doctor")
        return decided.decision

    async def set_alias(self, name: str, alias: str, version: int) -> None:
        """Let an alias of a registered model mean a version, whatever it meant before.

        Raises:
            InvalidInput: the alias cannot be one, or the version is no number.
            RegisteredModelNotFound, VersionNotFound: there is no such version.
            ModelNotFound: the version's logged model was deleted.
        """
        alias, version = alias_of(alias), version_number_of(version)
        await self.engine.settle()
        found = await to_thread.run_sync(self.searches.version_of, name, str(version))
        if found.model_id is not None:
            await self._found(found.model_id)
        await self.engine.carry_out([SetAlias(name, alias, version, milliseconds())], f"the alias {alias!r}")

    async def delete_alias(self, name: str, alias: str) -> None:
        """Let an alias of a registered model mean nothing; one that is not there is deleted already.

        Raises:
            InvalidInput: the name or the alias cannot be one.
        """
        said = DeleteAlias(registered_name_of(name), alias_of(alias), milliseconds())
        await self.engine.carry_out([said], f"the deletion of the alias {alias!r}")

    async def delete_logged_model(self, model_id: str) -> None:
        """Delete a logged model and its files; what it was measured at stays in its run's curves.

        One that was deleted already is deleted still.

        Raises:
            ModelNotFound: there is none of that ID.
            ModelPinned: an alias means it.
        """
        wanted, registry = model_id.removeprefix(SCHEME), self.searches.registry
        await self.engine.settle()
        if not await to_thread.run_sync(registry.deleted, [wanted]):
            wanted = (await self._found(model_id)).model_id
            if not await to_thread.run_sync(registry.pins, wanted):
                said = DeleteModel(wanted, milliseconds())
                await self.engine.carry_out([said], f"the deletion of {wanted}")
            if not await to_thread.run_sync(registry.deleted, [wanted]):
                raise ModelPinned(wanted, await to_thread.run_sync(registry.pins, wanted))
        await to_thread.run_sync(self._remove_files, [wanted])

    async def carry_out(self, plan: KeepPlan) -> CarriedOut:
        """Delete the checkpoints that a plan drops, with their files.

        The plan is made again first, of what is stored by now: a checkpoint that would be kept now, since it has got
        an alias or a better value, stays; and none is deleted that was not in the plan.

        Raises:
            StoreUnavailable: the deletions are logged and not carried out yet.
        """
        await self.engine.settle()
        again = await to_thread.run_sync(self.searches.planned_again, plan)
        unwanted = {each.model_id for each in again.dropped}
        going = [each.model_id for each in plan.dropped if each.model_id in unwanted]
        now = milliseconds()
        await self.engine.carry_out([DeleteModel(model_id, now) for model_id in going], "what was to be deleted")
        gone = await to_thread.run_sync(self.searches.registry.deleted, going)
        await to_thread.run_sync(self._remove_files, gone)
        deleted = tuple(each for each in plan.dropped if each.model_id in gone)
        return CarriedOut(deleted, tuple(_left(plan, again, gone)))

    async def _found(self, model: Measurable | str) -> AsyncLoggedModel:
        await self.engine.settle()
        wanted = model.model_id if isinstance(model, Measurable) else model
        return await to_thread.run_sync(self.searches.get_logged_model, wanted)

    def _remove_files(self, model_ids: Iterable[str]) -> None:
        for model_id in model_ids:
            try:
                self.engine.recorder.artifacts.remove(model_id)
            except OSError as problem:
                log.warning("%s is deleted, but not all of its files: %s; run tracker gc", model_id, problem)


def _left(plan: KeepPlan, again: KeepPlan, gone: Collection[str]) -> Iterator[tuple[Checkpoint, str]]:
    """Yield each checkpoint that was to be deleted and was not, and why."""
    verdicts = {each.checkpoint.model_id: each for each in again.verdicts}
    for each in plan.dropped:
        verdict = verdicts.get(each.model_id)
        if each.model_id in gone:
            continue
        if verdict is None:
            yield each, "it is not among the checkpoints any more"
        else:
            yield each, "; ".join(verdict.reasons) if verdict.is_kept else "an alias has come to mean it"
