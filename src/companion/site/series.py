"""What the explorers show: the numbers of every record in the store, one object a kind."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields

from companion.site.phrases import of_explorers, of_series
from companion.site.record_sources import Source
from residual.store import Record

Series = tuple[Sequence[int], Sequence[float | None], Sequence[str] | None]
"""Where the points are (iteration, depth, layer), their values, and names of layers."""

STATES = {
    "final": "trained",
    "initial": "before training",
    "final_exact": "trained, exact BN statistics",
}


@dataclass(frozen=True)
class Explorer:
    """One kind of explorer: axes, the series of a run with their titles, how they are drawn.

    `quantity` is what all series are of. `several` series stand side by side, otherwise the
    reader chooses one; `shown` are the first. `limits` are the ends of the y axis, None where the
    data decide; with `from_zero` the x axis starts at zero. With `dots` a run is one point.
    """

    x: str
    y: str
    unit: str
    series: dict[str, str]
    shown: tuple[str, ...]
    read: Callable[[dict], dict[str, Series]] = field(repr=False)
    quantity: str = ""
    limits: tuple[float | None, float | None] = (0, None)
    from_zero: bool = False
    several: bool = False
    sortable: bool = False
    dots: bool = False

    def words(self) -> dict:
        """What the page needs to know beside the data, in the edition's language."""
        told = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "read"}
        for name in ("x", "y", "unit", "quantity"):
            told[name] = translated(told[name])
        told["series"] = {name: translated(title) for name, title in self.series.items()}
        return told | {"phrases": of_explorers()}


def curves(record: dict) -> dict[str, Series]:
    """Test error and running training error by iteration, in per cent."""
    columns = {"test": "test_error", "training": "train_error_batch"}
    found = record.get("curves", {})
    pairs = [(name, found[name], column) for name, column in columns.items() if name in found]
    return {name: (part["iteration"], part[column], None) for name, part, column in pairs}


def finals(record: dict) -> dict[str, Series]:
    """The final errors in per cent, one point each, at the network's depth."""
    depth = (record.get("recipe") or record["network"])["depth"]
    names = ("train_error", "test_error")
    found = {name: record["metrics"].get(name) for name in names}
    return {name: ([depth], [value], None) for name, value in found.items() if value is not None}


def responses(record: dict) -> dict[str, Series]:
    """Standard deviation of each 3×3 layer's response in each state that was measured."""
    tables = {
        when: record["responses"][when]["layers"] for when in STATES if when in measured(record)
    }
    return {when: (count(t["std"]), t["std"], t["layer"]) for when, t in tables.items()}


def ratios(record: dict) -> dict[str, Series]:
    """‖F(x)‖/‖x‖ of each block in each state that was measured."""
    tables = {
        when: record["responses"][when]["blocks"] for when in STATES if when in measured(record)
    }
    return {when: (t["block"], t["ratio"], None) for when, t in tables.items()}


def lesions(record: dict) -> dict[str, Series]:
    """Rise in test error, in points, when one block is deleted."""
    if not record["probes"]:
        return {}
    whole, *errors = record["probes"]["lesions"]["test_error"]
    return {"rise": (count(errors), [error - whole for error in errors], None)}


def measured(record: dict) -> dict:
    """The states with responses; none in a run that diverged."""
    return record["responses"] or {}


def count(values: Sequence) -> list[int]:
    """Positions from 1 on."""
    return list(range(1, len(values) + 1))


CURVES = {"test": "test error", "training": "running training error"}
FINALS = {"train_error": "training error", "test_error": "test error"}
RISE = {"rise": "rise in test error"}
STD, RATIO = "standard deviation", "‖F(x)‖ / ‖x‖"

EXPLORERS = {
    "curves": Explorer(
        "iteration",
        "error, %",
        "%",
        CURVES,
        tuple(CURVES),
        curves,
        limits=(0, 100),
        from_zero=True,
        several=True,
    ),
    "finals": Explorer(
        "depth", "error, %", "%", FINALS, tuple(FINALS), finals, several=True, dots=True
    ),
    "responses": Explorer(
        "layer", STD, "", STATES, ("final",), responses, quantity=STD, sortable=True
    ),
    "ratios": Explorer("block", RATIO, "", STATES, ("final",), ratios, quantity=RATIO),
    "lesions": Explorer(
        "deleted block", "points", "points", RISE, ("rise",), lesions, limits=(None, None)
    ),
}
"""The kinds of explorer; a figure's place in the book decides which one it gets."""


def data(name: str, found: list[Source]) -> dict:
    """All that one kind of explorer needs; positions that runs share are written once, as axes."""
    explorer, axes = EXPLORERS[name], {}
    told = []
    for source in found:
        shown = [described(record, explorer, axes) for record in source.records]
        if shown := [run for run in shown if run["series"]]:
            told.append(
                {
                    "id": source.id,
                    "group": translated(source.group),
                    "name": source.name,
                    "runs": shown,
                }
            )
    listed = [{"x": x, "names": names} for x, names in axes]
    return explorer.words() | {"axes": listed, "sources": told}


def described(record: Record, explorer: Explorer, axes: dict) -> dict:
    """One run: what names it, and each series as the number of its axis and its values."""
    series = {}
    for name, (x, y, names) in explorer.read(record.content).items():
        axis = axes.setdefault((tuple(x), names and tuple(names)), len(axes))
        series[name] = [axis, [rounded(value) for value in y]]
    about = {"record": record.name, "kind": record.kind, "depth": record.depth}
    seed = record.member if "recipe" in record.content else None
    return about | {"seed": seed, "series": series}


def translated(text: str) -> str:
    """A word of the explorers in the edition's language; signs and units stay."""
    return of_series().get(text, text)


def rounded(value: float | None) -> float | None:
    """Six significant digits, those of a record's tables; null stays null."""
    return None if value is None else float(f"{value:.6g}")
