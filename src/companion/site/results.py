"""The page of results: test errors beside the paper's, degradation by depth, training time."""

from collections.abc import Iterable
from itertools import groupby
from statistics import fmean, stdev

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from companion import tables
from companion.chapter.scale import of_profile
from companion.chapter.words import change_with_depth
from companion.figures.style import network
from companion.site.links import record_links
from companion.site.provenance import device_words
from companion.site.tables import duration, table
from residual import paper, store
from residual.recipe import KINDS, PROFILES
from residual.store import Record

DEPTHS = (20, 32, 44, 56, 110)
SCALES = ("paper", "desk")
"""The profiles on CIFAR-10, each with columns of its own: a short training is never taken for a
long one."""

NOT_YET, NOTHING = "not run yet", "–"
UNBROKEN = "\u2011"  # a hyphen at which no line ends


class ErrorTable(SphinxDirective):
    """Test errors: the paper's (Table 6; plain nets from Fig. 6), ours at each scale, others'."""

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()
        stored = {name: usual(name) for name in SCALES}
        others = store.every("public")
        names = sorted({peer.member for peer in others})
        header = ["Network", f"The paper, {PROFILES['paper'].iterations:,} iterations"]
        for name in SCALES:
            header += [f"Ours, {length(name)}", "minus the paper"]
        header += [f"Others: {name.replace('-', UNBROKEN)}" for name in names]
        rows = []
        for kind, depth in ((kind, depth) for kind in KINDS for depth in DEPTHS):
            row = [network(kind, depth), paper_words(kind, depth)]
            for found in stored.values():
                values = metric(found, kind, depth, "test_error")
                row += [spread(values), difference(values, kind, depth)]
            rows.append(row + [theirs(others, name, kind, depth) for name in names])
        title = "Test error on CIFAR-10 at the end of training, per cent."
        shown = [run.name for found in stored.values() for run in found]
        shown += [peer.name for peer in others]
        links = record_links(self.env.docname, shown) if shown else []
        return [beside(title, header, rows), *links]


class Degradation(SphinxDirective):
    """Final training error of the plain nets by depth, and how it changes at each scale."""

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()
        stored = {name: usual(name) for name in reversed(PROFILES)}
        header = ["Network", "Paper, read off Fig. 6"]
        header += [f"Ours, {of_profile(name)}" for name in stored]
        rows = []
        for depth in DEPTHS:
            read = paper.PLAIN_TRAIN_ERROR.get(depth)
            row = [network("plain", depth), f"≈ {read}" if read else above(depth)]
            rows.append(row + [spread(errors_of(found, depth)) for found in stored.values()])
        title = "Training error of the plain nets at the end of training, per cent."
        return [beside(title, header, rows), *changes(stored)]


class TrainingTime(SphinxDirective):
    """How long a training took, by profile, network and device, from the records."""

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()
        header = ("Network", "Profile", "Runs", "Iterations", "Mean time a run", "Device")
        rows = [
            time_row(list(group))
            for name in store.profiles()
            for _, group in groupby(sorted(usual(name), key=time_key), time_key)
        ]
        missing = ", ".join(name for name in PROFILES if name not in store.profiles())
        told = [nodes.paragraph("", f"Profiles not run yet: {missing}.")] if missing else []
        return [beside("Training time of one network.", header, rows), *told]


def beside(title: str, header: Iterable[str], rows: list[list[str]]) -> nodes.table:
    """A table whose long column heads take several lines."""
    made = table(title, tuple(header), rows)
    made["classes"].append("beside")
    return made


def length(profile: str) -> str:
    """A profile and its iterations, for the head of a column."""
    return f"{profile} profile: {PROFILES[profile].iterations:,} iterations"


def usual(profile: str) -> list[Record]:
    """The runs of a profile's own recipe in the store."""
    return [run for run in store.every(profile) if not run.recipe.variant]


def metric(found: Iterable[Record], kind: str, depth: int, name: str) -> list[float | None]:
    """A final metric of one network by seed; None where the run diverged."""
    chosen = [r for r in found if (r.recipe.kind, r.recipe.depth) == (kind, depth)]
    return [run["metrics"][name] for run in chosen]


def errors_of(found: Iterable[Record], depth: int) -> list[float | None]:
    """Final training errors of a plain net."""
    return metric(found, "plain", depth, "train_error")


def spread(values: list[float | None]) -> str:
    """Mean ± standard deviation and number of runs; in words if none ran, or all diverged."""
    kept = [value for value in values if value is not None]
    if not kept:
        return f"diverged (n = {len(values)})" if values else NOT_YET
    std = f" ± {stdev(kept):.2f}" if len(kept) > 1 else ""
    lost = f", {len(values) - len(kept)} diverged" if len(kept) < len(values) else ""
    return f"{fmean(kept):.2f}{std} (n = {len(kept)}{lost})"


def difference(values: list[float | None], kind: str, depth: int) -> str:
    """Our mean minus the paper's number, in points; a plain net's is known to a tenth only."""
    kept = [value for value in values if value is not None]
    theirs = paper.TEST_ERROR_MEAN if kind == "residual" else paper.PLAIN_TEST_ERROR
    if not kept or depth not in theirs:
        return NOTHING
    points = fmean(kept) - theirs[depth]
    return (f"{points:+.2f}" if kind == "residual" else f"≈ {points:+.1f}").replace("-", "−")


def paper_words(kind: str, depth: int) -> str:
    """The paper's test error of a network as the paper gives it."""
    if kind == "plain":
        read = paper.PLAIN_TEST_ERROR.get(depth)
        return f"≈ {read}" if read else above(depth)
    best, mean = paper.RESIDUAL_TEST_ERROR[depth], paper.TEST_ERROR_MEAN[depth]
    if best == mean:
        return f"{best:.2f}"
    return f"{mean:.2f} ± {paper.TEST_ERROR_STD[depth]:.2f} (best {best:.2f})"


def above(depth: int) -> str:
    """What the paper says of a plain net that its figure leaves out."""
    limit = paper.PLAIN_ERROR_ABOVE.get(depth)
    return f"> {limit}" if limit else NOTHING


def theirs(others: Iterable[store.Record], source: str, kind: str, depth: int) -> str:
    """The measured test error of a network that others trained."""
    for peer in others:
        if (peer.member, peer.kind, peer.depth) == (source, kind, depth):
            return f"{peer['metrics']['test_error']:.2f}"
    return NOTHING


def changes(stored: dict[str, list[Record]]) -> list[nodes.paragraph]:
    """A sentence for each scale that has the plain net at two depths."""
    told = []
    for name, found in stored.items():
        frame = tables.finals([run for run in found if run.recipe.kind == "plain"])
        if len(frame) and frame.dropna(subset=["train_error"])["depth"].nunique() > 1:
            words = change_with_depth(frame, "plain", "train_error", "training error")
            scale = of_profile(name)
            sentence = f"{scale[:1].upper()}{scale[1:]}. {words}"
            told.append(nodes.paragraph("", sentence, classes=["result"]))
    return told


def time_key(run: Record) -> tuple:
    """Runs of one network on one device."""
    return run.recipe.depth, run.recipe.kind, run["provenance"]["device"]


def time_row(group: list[Record]) -> list[str]:
    """One network's mean training time on a device."""
    recipe, made = group[0].recipe, [run["provenance"] for run in group]
    return [
        network(recipe.kind, recipe.depth),
        recipe.profile,
        str(len(group)),
        f"{recipe.iterations:,}",
        duration(fmean(p["seconds"] for p in made)),
        device_words(p["device"] for p in made),
    ]
