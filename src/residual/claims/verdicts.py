"""What a claim is, and what a rule says of it: a verdict, measures and reasons, and no sentence."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from residual.peers import Curve
from residual.statistics import FEWEST_SEEDS, Interval, geometric_mean, mean
from residual.store import Record

SUPPORTED = "supported"
CAVEAT = "supported with a caveat"
NOT_SUPPORTED = "not supported"
INCONCLUSIVE = "inconclusive"
DIFFERS = "differs from the paper"
NOT_RUN = "not run"

TENFOLD, TENTH = 10.0, 0.1
"""What the rules call an order of magnitude, and near to zero."""


@dataclass(frozen=True)
class Measure:
    """One measured quantity: its interval, the value of each training, and what decides.

    `name` is that of its words in claims.yaml; `group` says of what it is (a depth, a set of
    sources, a setting). `trainings` are by seed or by source. `judged` is false for what stands
    beside the verdict; `threshold` is None where nothing is decided by one number.
    """

    name: str
    interval: Interval
    trainings: Mapping[str, float] = field(default_factory=dict)
    threshold: float | None = None
    group: str = ""
    judged: bool = True

    @property
    def above(self) -> int:
        """How many trainings lie above the threshold."""
        return sum(value > self.threshold for value in self.trainings.values())


@dataclass(frozen=True)
class Reason:
    """Why a verdict is as it is: the name of a sentence in claims.yaml, and what stands in it."""

    name: str
    told: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """What a rule found: verdict, measures, reasons and the evidence behind them.

    `numbers` are single values that answers may name beside the measures. `answer` names the
    sentence of claims.yaml that tells the finding, where the verdict alone does not choose it.
    `runs` are names in the store; `seeds` is the number of trainings, or of pairs, on which the
    comparison rests (0 where they play no part).
    """

    verdict: str
    measures: tuple[Measure, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)
    runs: tuple[str, ...] = ()
    seeds: int = 0
    reasons: tuple[Reason, ...] = ()
    answer: str = ""

    def measure(self, name: str, group: str | None = None) -> Measure:
        """The first measure of that name, of that group if one is given; KeyError if none is."""
        for found in self.measures:
            if found.name == name and group in (None, found.group):
                return found
        raise KeyError(name)


@dataclass(frozen=True)
class Verdict(Finding):
    """A claim's finding at a scale; `by construction` stands there where no scale matters.

    `verdict` is the word, `measures` are the quantities with interval and the value of each
    training, `reasons` say why, `runs` name the records in the store, `seeds` is the number of
    trainings or pairs.
    """

    id: str = field(kw_only=True)
    scale: str = field(kw_only=True)


@dataclass(frozen=True)
class Claim:
    """One statement of a note (000 or 002), what the paper says of it, and its decision rule.

    Its words come from claims.yaml, in English and Chinese where a field holds both. `form` says
    what kind of statement it is: true or false by construction, so that our code only checks it;
    measured; or about the paper alone. `answers` has a sentence for each verdict that the rule can
    give. `needs_length` marks a claim about the end of a training, which a short profile cannot
    refute. `judged_on` names the set of sources that decides at the scale public, where that is not
    all of them. `judge` is the rule.
    """

    id: str
    note: str
    section: str
    form: str
    text: dict
    paper: str
    where: str
    quantity: str
    rule: str
    measures: dict
    answers: dict
    figure: str
    strip: dict | None = None
    needs_length: bool = False
    judged_on: str = "both"
    judge: Callable = field(default=None, compare=False)

    @property
    def drawn(self) -> tuple[str, ...]:
        """The names of the measures that the strip shows."""
        return tuple(self.strip["measure"].split()) if self.strip else ()

    @property
    def verdicts(self) -> tuple[str, ...]:
        """The verdicts that the rule can give."""
        return tuple(dict.fromkeys(name.split(":")[0] for name in self.answers))


def rated(
    name: str,
    trainings: Mapping[str, float],
    threshold: float | None = None,
    group: str = "",
    over: Callable = geometric_mean,
    judged: bool = True,
) -> Measure:
    """A measure over trainings: by default their geometric mean with its interval."""
    values = {str(member): value for member, value in trainings.items()}
    return Measure(name, over(list(values.values())), values, threshold, group, judged)


def single(name: str, value: float, threshold: float | None = None, group: str = "") -> Measure:
    """A measure that is one number: no training varies, so the interval is a point."""
    return Measure(name, Interval(value, value, value, 0), {}, threshold, group)


def averaged(name: str, trainings: Mapping[str, float], *rest: object, **given: object) -> Measure:
    """A measure over trainings by their arithmetic mean, for what may be zero or negative."""
    return rated(name, trainings, *rest, over=mean, **given)


def undecided(measures: Iterable[Measure], seeds: int) -> Reason:
    """Why measures decide nothing: too few trainings, an interval that contains its threshold, or
    intervals on both sides."""
    decide = [m for m in measures if m.judged and m.trainings]
    if seeds < FEWEST_SEEDS:
        fewest = min(decide, key=lambda m: len(m.trainings)).group if decide else ""
        told = {"trainings": seeds, "wanted": FEWEST_SEEDS}
        return Reason("too-few-at", told | {"group": fewest}) if fewest else Reason("too-few", told)
    ends = [(m.interval, m.threshold) for m in decide if m.threshold is not None]
    if ends and all(not about.lower <= at <= about.upper for about, at in ends):
        return Reason("both-sides")
    return Reason("contains-threshold")


def conclude(
    holds: bool,
    fails: bool,
    measures: Iterable[Measure],
    records: Iterable[Record | Curve] = (),
    seeds: int | None = None,
    numbers: Mapping[str, float] | None = None,
    caution: Iterable[Reason] = (),
    doubt: Iterable[Reason] = (),
    answer: str = "",
) -> Finding:
    """Supported if the rule holds, not supported if it fails, inconclusive between the two.

    A caution turns "supported" into "supported with a caveat". `doubt` says why nothing can be
    concluded, where that is neither the number of trainings nor the width of the interval. `seeds`
    are by default those of the smallest measure that is judged.
    """
    measures, caution, doubt = tuple(measures), tuple(caution), tuple(doubt)
    if seeds is None:
        seeds = min((len(m.trainings) for m in measures if m.judged and m.trainings), default=0)
    verdict = SUPPORTED if holds else NOT_SUPPORTED if fails else INCONCLUSIVE
    if verdict == SUPPORTED and caution:
        verdict = CAVEAT
    if verdict == INCONCLUSIVE:
        caution = (*(doubt or (undecided(measures, seeds),)), *caution)
    names = tuple(dict.fromkeys(record.name for record in records))
    kept = {k: float(f"{v:.6g}") for k, v in (numbers or {}).items() if math.isfinite(v)}
    return Finding(verdict, measures, kept, names, seeds, caution, answer)
