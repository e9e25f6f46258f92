"""What a claim is (its words stand in claims.yaml), and what a rule says of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from residual.errors import ReaderError, checked
from residual.peers import Curve
from residual.statistics import FEWEST_SEEDS
from residual.store import Record

WORDS = Path(__file__).with_name("claims.yaml")

SUPPORTED = "supported"
CAVEAT = "supported with a caveat"
NOT_SUPPORTED = "not supported"
INCONCLUSIVE = "inconclusive"
NOT_RUN = "not run"

TENFOLD, TENTH = 10.0, 0.1
"""What the rules call an order of magnitude, and near to zero."""

CHOICES = {
    "form": ("by construction", "measured", "about the paper"),
    "paper": ("agrees", "differs", "silent"),
    "note": ("000", "002"),
    "verdicts": (SUPPORTED, CAVEAT, NOT_SUPPORTED, INCONCLUSIVE),
}
"""The values that fields of a claim may take."""


@dataclass(frozen=True)
class Finding:
    """What a rule found in the records: verdict, sentence, values, evidence, and why.

    `values` have their units in their names; `runs` are names in the store; `seeds` is the number
    of trainings on the smaller side of the comparison (0 where they play no part).
    """

    verdict: str | None
    sentence: str
    values: dict[str, float]
    runs: tuple[str, ...] = ()
    seeds: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Claim:
    """One statement of a note (000 or 002), what the paper says of it, and its decision rule.

    `form` says what kind of statement it is: true or false by construction, so that our code only
    checks it; measured; or about the paper alone. `verdicts` are the values that the rule can take
    beside "not run". `needs_length` marks a claim about the end of a training, which a short
    profile cannot refute. `judge` is the rule.
    """

    id: str
    note: str
    section: str
    form: str
    english: str
    chinese: str
    paper: str
    where: str
    quantity: str
    unit: str
    rule: str
    verdicts: list[str]
    needs_length: bool = False
    judge: Callable = field(default=None, compare=False)

    @property
    def stands_in(self) -> str:
        """Where the statement stands: a section of a note, or the paper alone."""
        return "the paper" if self.section == "–" else f"note {self.note}, §{self.section}"


@dataclass(frozen=True)
class Verdict(Finding):
    """A claim's finding at a scale; `by construction` stands there where no scale matters."""

    id: str = field(kw_only=True)
    scale: str = field(kw_only=True)


class WordsError(ReaderError, ValueError):
    """claims.yaml is wrong; the message names the claim and the field."""


def load_claims(rules: dict[str, Callable], path: Path = WORDS) -> tuple[Claim, ...]:
    """All claims in the order of the file, each with the rule of its name.

    WordsError names a missing field, a wrong type, an unknown value, and a claim without a rule.
    """
    try:
        entries = yaml.safe_load(path.read_text("utf-8"))
    except yaml.YAMLError as error:
        raise WordsError(f"{path.name} is no YAML: {error}") from error
    made = tuple(claim_of(words, rules) for words in entries)
    names = [claim.id for claim in made]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise WordsError(f"{path.name}: {min(repeated)} stands there twice.")
    return made


def claim_of(words: dict, rules: dict[str, Callable]) -> Claim:
    """One claim from its entry in the file."""
    name = words.get("id", "an entry without id")
    made = checked(Claim, f"claims.yaml: {name}", words, WordsError)
    for key, choices in CHOICES.items():
        value = getattr(made, key)
        for part in value if isinstance(value, list) else [value]:
            if part not in choices:
                allowed = ", ".join(choices)
                raise WordsError(f"claims.yaml: {name}.{key} is {part!r}, not one of {allowed}.")
    if name not in rules:
        raise WordsError(f"claims.yaml: there is no rule for {name}.")
    return replace(made, judge=rules[name])


def conclude(
    holds: bool,
    fails: bool,
    sentence: str,
    values: dict[str, float],
    records: Iterable[Record | Curve],
    seeds: int,
    caution: str = "",
    doubt: str = "",
) -> Finding:
    """Supported if the rule holds, not supported if it fails, inconclusive between the two.

    A caution turns "supported" into "supported with a caveat" and is given as the reason. `doubt`
    says why nothing can be concluded, where that is neither the number of trainings nor the width
    of the interval.
    """
    verdict = SUPPORTED if holds else NOT_SUPPORTED if fails else INCONCLUSIVE
    if verdict == SUPPORTED and caution:
        verdict = CAVEAT
    if verdict == INCONCLUSIVE:
        doubt = doubt or too_few(seeds) or "The interval contains the threshold."
        caution = f"{doubt} {caution}".strip()
    names = tuple(record.name for record in records)
    return Finding(verdict, sentence, values, names, seeds, caution)


def too_few(trainings: int) -> str:
    """Why nothing follows from so few trainings; empty where there are enough."""
    if trainings >= FEWEST_SEEDS:
        return ""
    return f"Too few trainings: {trainings} on a side, where the rule wants {FEWEST_SEEDS}."
