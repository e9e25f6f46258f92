"""What the pages of the site compute from records, as MyST text: tables of results and of runs."""

import json
from collections import Counter
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from statistics import fmean, median
from typing import TYPE_CHECKING

import yaml

from companion.boxes import badge
from companion.build import STAMP
from companion.chapters.degradation import table_6
from companion.chapters.first_steps import beside_full_length, short_profiles
from companion.display import cell
from companion.display import markdown as table
from companion.words import HYPHEN, NAMES, SPACE, count, devices, network
from residual import peers, replay, store
from residual.claims import (
    CAVEAT,
    CLAIMS,
    INCONCLUSIVE,
    NOT_RUN,
    NOT_SUPPORTED,
    SUPPORTED,
    judged,
)
from residual.claims.evidence import Evidence, metric
from residual.claims.wording import CHOICES
from residual.progress import duration
from residual.recipe import KINDS, PROFILES, Recipe
from residual.statistics import FEWEST_SEEDS, listed, number, per_cent
from residual.store import ROOT, Record

if TYPE_CHECKING:
    from sphinx.environment import BuildEnvironment

DEPTHS = (20, 32, 44, 56, 110, 1202)
OPTIONS = ("identity", "projection")
SHORTCUTS = {"identity": "A", "projection": "B", "average-pooled": "A, with means"}
"""How the shortcuts at the widening blocks are called in a table, by what a record says."""
FORMS = CHOICES["form"]
CONTROL = 5.0  # per cent, registered


def note_inputs(env: "BuildEnvironment") -> None:
    """Have a page read again where the records or the code have changed.

    Where `residual book` has not left its stamp, the page is read at every build.
    """
    stamp = Path(env.srcdir) / STAMP
    if stamp.is_file():
        env.note_dependency(str(stamp))
    else:
        env.note_reread()


def record_link(name: str) -> str:
    """A link to the record of that name; the extension knows the role."""
    return f"{{record}}`{name}`"


def result_summary() -> str:
    """How many claims came out how, the three kinds of claim counted apart."""
    words = (SUPPORTED, CAVEAT, NOT_SUPPORTED, INCONCLUSIVE, NOT_RUN)
    rows = []
    for form in FORMS[:2]:
        verdicts = [judged(claim.id).verdict for claim in CLAIMS if claim.form == form]
        counts = [verdicts.count(verdict) or "" for verdict in words]
        rows.append((f"{form} ({len(verdicts)})", *counts))
    shown = table(("claims", *map(badge, words)), rows)
    about = [claim for claim in CLAIMS if claim.form == FORMS[2]]
    return (
        f"{shown}\n\nWhat algebra decides is no finding, and {count(len(about), 'statement')} "
        "about the paper alone is not counted. Each measured claim is judged at the largest scale "
        "that can. identity-is-hard and zero-is-easy read one comparison: count them once."
    )


def error_table() -> str:
    """Final errors of each network: the paper's, of others at full length, and ours."""
    desk = [record for record in store.every("desk") if not record.variant]
    found = table_6(desk, DEPTHS)
    missing = "" if desk else " Ours on CIFAR-10 (scale desk, under its own recipe): not run."
    rows = ([cell(value) for value in row] for row in found.itertuples(index=False))
    return (
        f"{table(found.columns, rows)}\n\nPer cent, mean ± standard deviation (number of "
        "trainings; figures average the trainings that they draw, which are not all of these). "
        "The paper's residual errors are those of its Table 6, its plain ones are read "
        "off Figure 6 by eye (≈). *Measured* are networks of others, measured by us; "
        "*reported* are test errors as their authors log or report them. Training errors are in "
        "evaluation mode, without augmentation, on all images that a network was trained on; "
        "{doc}`the page on public trainings <public>` says which source published its best test "
        f"epoch.{missing}"
    )


def peer_table() -> str:
    """The sources of networks: set, family of code, what was measured, and each by itself in a
    fold with its recipes and errors; then those that were looked at and left out, with the reason.
    """
    measured = store.every("public")
    rows, folds = [], []
    for source in peers.sources():
        found = [record for record in measured if record.member == source.name]
        counts = Counter(NAMES[record.kind] for record in found)
        told = ", ".join(f"{n} {kind}" for kind, n in counts.items()) or "not measured yet"
        rows.append((source.name, source.set, source.code, told, source.licence))
        folds.append(f"**{source.name}**\n\n{of_source(source, found)}")
    listing = table(("Source", "Set", "Family of code", "Networks measured", "Licence"), rows)
    left = table(("Left out", "Why"), sorted(peers.left_out().items()))
    return "\n\n".join([listing, folded("Each network: recipe, errors, record", folds), left])


def folded(title: str, parts: list[str]) -> str:
    """Parts that open at a click."""
    inside = "\n\n".join(parts)
    return f"<details><summary>{title}</summary>\n\n{inside}\n\n</details>"


def of_source(source: peers.Source, found: list[Record]) -> str:
    """A source's recipes, and each of its networks with reported and measured errors."""
    recipes: dict[str, list[str]] = {}
    for peer in source.peers:
        name = peer.name.rsplit("/", 1)[1] + (f" ({peer.variant})" if peer.variant else "")
        recipes.setdefault(peer.recipe, []).append(name)
    told = [f"- {recipe}: {', '.join(names)}" for recipe, names in recipes.items()]
    rows = [
        (
            record.name.rsplit("/", 1)[1],
            "–" if record.kind == "plain" else SHORTCUTS[record["network"]["shortcut"]],
            cell(record["reported"]["test_error"]),
            cell(record["metrics"].get("test_error_as_reported")),
            cell(record["metrics"]["test_error"]),
            cell(record["metrics"]["train_error"]),
            record_link(record.name),
        )
        for record in found
    ]
    errors = ("Test, reported", "Tested as there", "Test", "Training")
    header = ("Network", "Option", *errors, "Record")
    where = f"[Repository]({source.repository}) at `{source.commit[:12]}`; {source.reported_in}."
    listing = table(header, rows) if rows else ""
    return "\n\n".join(filter(None, [where, source.note, "\n".join(told), listing]))


def log_table() -> str:
    """The logs of others: source, networks, which errors they hold, iterations; and below it the
    final errors of which no log was published."""
    rows = []
    for source, group in groupby(peers.curves(), lambda curve: curve.source):
        logs = sorted(group, key=lambda curve: (curve.kind, curve.depth))
        depths = {
            NAMES[kind]: ", ".join(str(log.depth) for log in logs if log.kind == kind)
            for kind in KINDS
        }
        told = "; ".join(f"{name} {listing}" for name, listing in depths.items() if listing)
        training = "running" if logs[0].running else "after each epoch"
        longest = max(log.iterations[-1] for log in logs)
        held_out = "–" if logs[0].held_out_on == "none" else logs[0].held_out_on
        rows.append(
            (source, logs[0].set, logs[0].code, told, training, held_out, f"{longest:,.0f}")
        )
    header = ("Source", "Set", "Code", "Networks", "Training error", "Held-out error", "Iterations")
    ends = [
        (found.source, network(found.kind, found.depth), f"{found.final_test_error:.2f}")
        for found in peers.reported()
    ]
    alone = table(("Source", "Network", "Final test error, %"), ends)
    return f"{table(header, rows)}\n\nWithout a log, as their authors report them:\n\n{alone}"


def option_table() -> str:
    """Final test errors with zeros (option A) and with projections (option B) at the widening
    blocks, where one source trained both: a row a depth, and whether all had one recipe."""
    found: dict[tuple, dict[str, list[Record]]] = {}
    for record in store.every("public"):
        about = record["network"]
        if record.kind == "residual" and about.get("shortcut") in OPTIONS:
            same = record.variant.replace("projection", "")  # what else sets a network apart
            both = found.setdefault((record.member, record.depth, same), {})
            both.setdefault(about["shortcut"], []).append(record)
    rows = []
    for (source, depth, _), both in sorted(found.items()):
        if len(both) == len(OPTIONS):
            ends = ([r["metrics"]["test_error"] for r in both[option]] for option in OPTIONS)
            errors = [", ".join(f"{error:.2f}" for error in end) for end in ends]
            recipes = {r["network"]["recipe"] for records in both.values() for r in records}
            rows.append((source, depth, *errors, "yes" if len(recipes) == 1 else "no"))
    errors = [f"Option {letter}, test error, %" for letter in "AB"]
    header = ("Source", "Depth", *errors, "One recipe")
    return table(header, rows) if rows else "Not measured yet."


def day(started: str) -> str:
    """The day of a time, on one line."""
    return started[:10].replace("-", HYPHEN)


def provenance_table() -> str:
    """Every record of ours, by scale: a row for each network, over its seeds, and experiments."""
    entries = replay.outcomes()
    header = ("Network", "Runs", "Replayed", "First start", "Time a run")
    parts = []
    for scale in PROFILES:
        if not (runs := store.every(scale)):
            continue
        usual = recipe_words(Recipe.of(scale, "plain", 20))
        of_network = attrgetter("depth", "kind", "variant")  # the order of a store
        rows = [provenance_row(list(group), entries) for _, group in groupby(runs, of_network)]
        versions = listed(sorted({run["provenance"]["versions"]["torch"] for run in runs}))
        told = (
            f"**{scale}**: {PROFILES[scale].words}. Its recipe: {usual}. "
            f"Trained on {devices(runs)}, with PyTorch {versions}."
        )
        parts.append(f"{told}\n\n{table(header, rows)}")
        found = sorted((store.committed() / scale / "experiments").glob("*/record.json"))
        rows = [experiment_row(store.read(path)) for path in found]
        if rows:
            parts.append(table(("Experiment", "Seeds", "Time", "Started"), rows))
    missing = [s for s in PROFILES if all(run.variant for run in store.every(s))]
    parts += [f"Not run yet under its own recipe: {', '.join(missing)}."] if missing else []
    return "\n\n".join(parts)


def recipe_words(recipe: Recipe) -> str:
    """The numbers of a recipe."""
    return (
        f"{recipe.iterations:,} iterations, batches of {recipe.batch_size} images, learning rate "
        f"{recipe.learning_rate:g}, momentum {recipe.momentum:g}, weight decay "
        f"{recipe.weight_decay:.3g}"
    )


def provenance_row(group: list[Record], entries: dict[str, dict]) -> list[str]:
    """The runs of one network and recipe."""
    recipe, made = group[0].recipe, [run["provenance"] for run in group]
    links = [f'<a href="../records/{run.name}.json">s{run.member}</a>' for run in group]
    replayed = Counter(replay.status(run, entries) for run in group)
    lost = [at for run in group if (at := run["metrics"]["diverged_at"]) is not None]
    ended = f"{len(lost)} diverged by iteration {max(lost)}" if lost else ""
    about = ", ".join(filter(None, [recipe.variant, ended]))
    return [
        network(recipe.kind, recipe.depth) + (f" ({about})" if about else ""),
        " ".join(links),
        "; ".join(f"{n} {told}" for told, n in replayed.items()).replace("-", HYPHEN),
        day(min(p["started"] for p in made)),
        duration(fmean(p["seconds"] for p in made)).replace(" ", SPACE),
    ]


def experiment_row(record: Record) -> list[str]:
    """One experiment."""
    made = record["provenance"]
    return [
        record_link(record.name),
        ", ".join(map(str, record.seeds)),
        duration(made["seconds"]).replace(" ", SPACE),
        day(made["started"]),
    ]


def loadable_table() -> str:
    """The networks whose weights are committed, by the names that `residual.load` takes."""
    rows = [
        (f"`{run.name}`", run.recipe.dataset, f"{run['metrics']['test_error']:.2f}")
        for scale in PROFILES
        for run in store.every(scale)
        if run.weights_file.is_file()
    ]
    return table(("Name", "Data set", "Test error, %"), rows)


def short_profile_table() -> str:
    """Whether a short profile is a model of the full length: one row a scale, and the control."""
    frame = short_profiles()
    rows = frame.drop(columns="order")
    shown = table(list(rows.columns), rows.itertuples(index=False))
    told = beside_full_length(frame) if "public" in set(frame["scale"]) else ""
    return f"{shown}\n\n{told}\n\n{positive_control()}"


def positive_control() -> str:
    """What came out of the control that the registration fixed before the plain nets were run."""
    told, met = [], True
    for depth in (20, 56):
        errors = metric(Evidence("quick").found("residual", depth), "train_error")
        if len(errors) < FEWEST_SEEDS:
            return "The registered control of the profile *quick*: not run."
        told.append(f"{median(errors):.2f}{SPACE}% in {network('residual', depth)}")
        met = met and median(errors) <= CONTROL
    return (
        f"The registered control of the profile *quick*, a median training error of at most "
        f"{CONTROL:g}{SPACE}% in both residual networks, was {'met' if met else 'not met'}: "
        f"{listed(told)}."
    )


def ratio(row: dict, name: str) -> str:
    """A ratio of a benchmark's row; a dash where it was not measured."""
    return number(row[name]) if name in row else "–"


def benchmark_table() -> str:
    """What was measured of the engine's speed on each device in benchmarks/results/."""
    columns = {
        "Depth": lambda row: row["depth"],
        "Images/s": lambda row: f"{row['loop_images_per_second']:,.0f}",
        "ms an iteration": lambda row: f"{row['milliseconds_per_iteration']:,.0f}",
        "Loop over bare step": lambda row: per_cent(row["loop_over_step"]),
        "Share of GEMM rate": lambda row: per_cent(row["loop_over_gemm"]),
        "Times the usual way": lambda row: number(row["loop_over_usual"]),
        "Probe, forward passes": lambda row: number(row["probe_over_forward"]),
        "One a core over one on all": lambda row: ratio(row, "each_over_one"),
        "Compiled over eager": lambda row: ratio(row, "compiled_over_eager"),
    }
    parts, types = [], set()
    for path in sorted((ROOT / "benchmarks" / "results").glob("*.json")):
        result = json.loads(path.read_text("utf-8"))
        made = result["provenance"]
        types.add(made["device_type"])
        rows = [[show(row) for show in columns.values()] for row in result["rows"]]
        parts.append(
            f"{result['device']}, PyTorch {made['versions']['torch']}, {made['precision']}, "
            f"{made['started'][:10]}; batches of {result['batch_size']}, medians of "
            f"{result['rounds']} rounds.\n\n{table(list(columns), rows)}"
        )
    if "cuda" not in types:
        parts.append("On a CUDA device: not measured yet.")
    return "\n\n".join(parts)


def citation() -> str:
    """How to cite this book, as BibTeX: CITATION.cff and, where there is one, its address."""
    told, config = (
        yaml.safe_load((ROOT / name).read_text("utf-8")) for name in ("CITATION.cff", "_config.yml")
    )
    fields = {"author": f"{{{told['authors'][0]['name']}}}", "title": told["title"]}
    fields |= {"version": told["version"], "url": config["repository"]["url"]}
    lines = "".join(f",\n  {name} = {{{text}}}" for name, text in fields.items() if text)
    return f"```bibtex\n@software{{identity-by-default{lines}\n}}\n```"
