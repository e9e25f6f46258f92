"""What ran, when, on what and for how long: tables computed from the run records."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from shutil import copyfile

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from companion.chapter.scale import devices
from companion.figures.style import network
from companion.site.links import FOLDER, record_link
from companion.site.tables import duration, table
from residual import replay, store
from residual.recipe import PROFILES, Recipe
from residual.store import Record, committed


class StoreDirective(SphinxDirective, ABC):
    """A directive whose page is read again at every build, since the store may have changed."""

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()
        found = [(name, store.every(name)) for name in store.profiles()]
        if not found:
            return [nodes.paragraph("", "Not run: the store holds no run record.")]
        return [node for name, records in found for node in self.show(name, records)]

    @abstractmethod
    def show(self, profile: str, records: list[Record]) -> Iterable[nodes.Node]:
        """What stands on the page for one profile."""


class StatusTable(StoreDirective):
    """One table a profile: a row for each network, over all its seeds."""

    def show(self, profile: str, records: list[Record]) -> Iterable[nodes.Node]:
        header = ("Network", "Seeds", "Iterations", "First start", "Training time", "Device")
        header += ("PyTorch",)
        groups = groupby(sorted(records, key=network_key), network_key)
        rows = [status_row(list(group)) for _, group in groups]
        yield table(f"Profile {profile}: {PROFILES[profile].words}.", header, rows)


class ProvenanceTable(StoreDirective):
    """One table a profile: a row for each run record, with a link to it."""

    def show(self, profile: str, records: list[Record]) -> Iterable[nodes.Node]:
        header = ("Run", "Recipe", "Replay", "Data", "Training time", "Images/s", "Started")
        header += ("Device", "Threads", "Precision", "PyTorch", "Python", "Source", "Weights")
        entries = replay.outcomes()
        rows = [provenance_row(self.env.docname, run, entries) for run in records]
        usual = recipe_words(Recipe.of(profile, "plain", 20))
        yield nodes.paragraph("", f"The recipe of the profile {profile}: {usual}.")
        yield table(f"Profile {profile}: every run record.", header, rows)
        if tried := experiments(profile):
            rows = [experiment_row(self.env.docname, e) for e in tried]
            header = ("Experiment", "Settings", "Seeds", "Time", "Started", "Device", "PyTorch")
            header += ("Source", "Digest")
            yield table(f"Profile {profile}: every experiment.", header, rows)


def network_key(run: Record) -> tuple:
    """Runs of one network differ in their seed alone."""
    return run.recipe.depth, run.recipe.kind, run.recipe.variant


def status_row(group: list[Record]) -> list[str]:
    """A network's seeds, iterations, first start, total training time, devices and versions."""
    recipe = group[0].recipe
    made = [run["provenance"] for run in group]
    variant = f" ({recipe.variant})" * bool(recipe.variant)
    seeds = ", ".join(str(s) for s in sorted(run.recipe.seed for run in group))
    return [
        network(recipe.kind, recipe.depth) + variant,
        seeds,
        f"{recipe.iterations:,}",
        min(p["started"] for p in made)[:10],
        duration(sum(p["seconds"] for p in made)),
        device_words(p["device"] for p in made),
        distinct(p["versions"]["torch"] for p in made),
    ]


def recipe_words(recipe: Recipe, usual: Recipe | None = None) -> str:
    """A recipe without kind, depth and seed; of two, where the first differs from the second."""
    shared, told = {"profile", "kind", "depth", "seed"}, asdict(recipe)
    other = asdict(usual) if usual else {}
    kept = {k: v for k, v in told.items() if k not in shared and (not usual or v != other[k])}
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in kept.items())


def provenance_row(docname: str, run: Record, entries: dict[str, dict]) -> list[str | nodes.Node]:
    """One record's provenance; digests are cut to twelve digits."""
    recipe = run.recipe
    usual = Recipe.of(recipe.profile, recipe.kind, recipe.depth, recipe.seed)
    made = run["provenance"]
    speed = made["images_per_second"]
    return [
        record_link(docname, run.name, recipe.name),
        recipe_words(recipe, usual) or "the profile's",
        replay.status(run, entries),
        nodes.literal("", run["data"]["digest"][:12]),
        duration(made["seconds"]),
        "–" if speed is None else f"{speed:,.0f}",
        moment(made["started"]),
        device_words([made["device"]]),
        str(made["threads"]),
        made["precision"],
        made["versions"]["torch"],
        made["versions"]["python"],
        nodes.literal("", made["source_digest"][:12]),
        nodes.literal("", run["weights"][:12]),
    ]


def experiments(profile: str) -> list[Record]:
    """The experiments of a profile that are in the store, by name."""
    paths = (committed() / profile / "experiments").glob("*/record.json")
    found = (store.experiment(path.parent.name, profile) for path in sorted(paths))
    return [experiment for experiment in found if experiment is not None]


def experiment_row(docname: str, experiment: Record) -> list[str | nodes.Node]:
    """One experiment's provenance."""
    made = experiment["provenance"]
    return [
        record_link(docname, experiment.name, experiment["experiment"]),
        settings_words(experiment["settings"]),
        ", ".join(map(str, experiment.seeds)),
        duration(made["seconds"]),
        moment(made["started"]),
        device_words([made["device"]]),
        made["versions"]["torch"],
        nodes.literal("", made["source_digest"][:12]),
        nodes.literal("", experiment["digest"][:12]),
    ]


def settings_words(settings: dict) -> str:
    """An experiment's settings as a list in one line."""
    values = {k: ", ".join(map(str, v)) if isinstance(v, list) else v for k, v in settings.items()}
    return "; ".join(f"{name.replace('_', ' ')} {value}" for name, value in values.items())


def moment(started: str) -> str:
    """A record's time stamp, to the second, in UTC."""
    return started.replace("T", " ").replace("+00:00", " UTC")


def device_words(names: Iterable[str]) -> str:
    """The different devices, as a reader says them."""
    return devices(names).removeprefix("on ")


def distinct(values: Iterable[str]) -> str:
    """The different values, in order, separated by semicolons."""
    return "; ".join(sorted(set(values)))


def copy_records(app: Sphinx, error: Exception | None) -> None:
    """Put every record below records/ of the built site, where the pages link to it."""
    if error is not None or app.builder.format != "html":
        return
    store, target = committed(), Path(app.outdir) / FOLDER
    for path in sorted(store.glob("*/**/record.json")):
        copy = target / f"{path.parent.relative_to(store).as_posix()}.json"
        copy.parent.mkdir(parents=True, exist_ok=True)
        copyfile(path, copy)
