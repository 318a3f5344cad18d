"""A ranking in a few lines that a person understands: pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .places import Lead, Place, Ranking, SeedGroup
from .rank_by import RankBy


def explained(ranking: Ranking, models: Mapping[int, str], datasets: Mapping[int, str] | None = None) -> list[str]:
    """Tell a ranking: how it was made, each place with what it has on the next one, and who was left out.

    `models` names the logged models by number, those that a lead is over among them; `datasets` names the datasets.
    """
    lines = [_how(ranking.by)]
    for place in ranking.places:
        lines.append(_place(place, ranking.by, models, datasets or {}))
        lines += [f"   {line}" for line in _more(place, ranking.by, models)]
    if not ranking.places:
        lines.append("none of them can rank")
    return [*lines, _who(ranking)]


def _how(by: RankBy) -> str:
    metrics = [f"{metric} ({goal})" for metric, goal in zip(by.metrics, by.goals, strict=True)]
    if by.weights:
        metrics = [f"{weight:g} x {metric}" for weight, metric in zip(by.weights, metrics, strict=True)]
    words = [f"by {' + '.join(metrics)}, stretched to 0..1" if by.weights else f"by {', '.join(metrics)}"]
    words += ["Pareto fronts"] * by.is_front
    words.append(f"{by.value} value")
    words += [f"mean over {by.smooth} neighbouring checkpoints"] if by.smooth else []
    words += [f"best of each {by.per}"] if by.per else []
    words += [f"by bounds of groups that differ in {', '.join(by.seeds)}, {by.confidence:.4g} sure"] if by.seeds else []
    return "; ".join([*words, *map(str, by.constraints)])


def _place(place: Place, by: RankBy, models: Mapping[int, str], datasets: Mapping[int, str]) -> str:
    values = ", ".join(f"{metric} {value!r}" for metric, value in zip(by.metrics, place.values, strict=True))
    names = dict.fromkeys(datasets[number] for number in place.dataset_nos if number in datasets)
    where = [f"step {place.step}"] if place.step is not None else []
    where += [f"on {', '.join(names)}"] if names else []
    front = f" (front {place.front})" if place.front is not None else ""
    return " ".join([f"{place.place}.{front} {models[place.model_no]}: {values}", *where])


def _more(place: Place, by: RankBy, models: Mapping[int, str]) -> Iterator[str]:
    if place.smoothed and place.averaged:
        means = zip(by.metrics, place.smoothed, place.averaged, strict=True)
        yield "smoothed: " + ", ".join(f"{metric} {mean:.6g} over {count}" for metric, mean, count in means)
    if place.score is not None:
        yield f"score {place.score:.6g}"
    if place.group is not None:
        yield _group(place.group, by)
    if place.dominates is not None:
        yield f"nowhere worse and somewhere better than {place.dominates} others"
    if place.lead is not None:
        yield _lead(place.lead, models, by)


def _group(group: SeedGroup, by: RankBy) -> str:
    missing = f" ({group.left_out} more cannot rank)" if group.left_out else ""
    if group.bound is None or group.deviation is None or group.error is None:
        return f"one seed{missing}: its spread is unknown, so it comes after groups of several seeds"
    side = "at least" if by.weights or by.goals[0] == "maximize" else "at most"
    return (
        f"{group.seeds} seeds{missing}: mean {group.mean:.6g}, {side} {group.bound:.6g} "
        f"(standard deviation {group.deviation:.3g}, standard error {group.error:.3g})"
    )


def _lead(lead: Lead, models: Mapping[int, str], by: RankBy) -> str:
    what = "mean " if by.seeds else ""
    ahead = f"{what}{'behind' if lead.by < 0 else 'ahead of'} {models[lead.over]} by {abs(lead.by):.6g}"
    if lead.needed is None:
        return f"{ahead}; how much of it is noise is unknown"
    judged = "within noise" if lead.is_within_noise else "more than noise"
    return f"{ahead}: {judged}, which reaches to {lead.needed:.3g} by the {lead.source}"


def _who(ranking: Ranking) -> str:
    reasons = "; ".join(f"{count}: {reason}" for reason, count in ranking.left_out.items())
    among = "all" if ranking.candidates is None else ranking.candidates
    return f"out of {among} checkpoints" + (f"; left out {reasons}" if reasons else "")
