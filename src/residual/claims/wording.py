"""claims.yaml: every word of the ledger, in two languages, and how numbers are put into it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import yaml

from residual.claims.verdicts import (
    CAVEAT,
    DIFFERS,
    INCONCLUSIVE,
    NOT_RUN,
    NOT_SUPPORTED,
    SUPPORTED,
    Claim,
    Finding,
    Measure,
    Reason,
)
from residual.errors import ReaderError, checked
from residual.statistics import number

WORDS = Path(__file__).with_name("claims.yaml")
LANGUAGES = ("en", "zh")
BETWEEN = {"en": ", ", "zh": "，"}
"""What stands between the parts of a list."""

VERDICTS = (SUPPORTED, CAVEAT, NOT_SUPPORTED, INCONCLUSIVE, DIFFERS, NOT_RUN)

CHOICES = {
    "form": ("by construction", "measured", "about the paper"),
    "paper": ("agrees", "differs", "silent"),
    "note": ("000", "002"),
    "judged_on": ("both", "second"),
    "verdicts": (SUPPORTED, CAVEAT, NOT_SUPPORTED, INCONCLUSIVE, DIFFERS),
}
"""The values that fields of a claim may take."""


class WordsError(ReaderError, ValueError):
    """claims.yaml is wrong; the message names the claim and the field."""


class Shown(float):
    """A number in a sentence: two significant digits, or as many as the template asks for; in per
    cent if it ends with %.

    What is below a millionth is rounding and shown as zero.
    """

    def __format__(self, asked: str) -> str:
        value = float(self) * (100 if asked.endswith("%") else 1)
        return number(value if abs(value) >= 1e-6 else 0.0, int(asked.removesuffix("%") or 2))


class Known(dict):
    """What a template may name; a dash for a number that was not measured, such as at a depth."""

    def __missing__(self, name: str) -> str:
        return "–"


@cache
def words(path: Path = WORDS) -> dict:
    """The file as it is: `verdicts`, `scales`, `groups`, `reasons` and `claims`.

    WordsError if it is no YAML or lacks one of these.
    """
    try:
        found = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise WordsError(f"{path.name} is no YAML: {error}") from error
    for part in ("verdicts", "scales", "groups", "reasons", "claims"):
        if not isinstance(found, dict) or part not in found:
            raise WordsError(f"{path.name} lacks {part}.")
    return found


def load_claims(rules: dict[str, Callable], path: Path = WORDS) -> tuple[Claim, ...]:
    """All claims in the order of the file, each with the rule of its name.

    WordsError names a missing field, a wrong type, an unknown value, a text that lacks a language,
    and a claim without a rule.
    """
    made = tuple(claim_of(entry, rules) for entry in words(path)["claims"])
    names = [claim.id for claim in made]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise WordsError(f"{path.name}: {min(repeated)} stands there twice.")
    return made


def claim_of(entry: dict, rules: dict[str, Callable]) -> Claim:
    """One claim from its entry in the file."""
    place = f"claims.yaml: {entry.get('id', 'an entry without id')}"
    made = checked(Claim, place, entry, WordsError)
    for key, choices in CHOICES.items():
        value = getattr(made, key)
        for part in value if isinstance(value, tuple) else [value]:
            if part not in choices:
                raise WordsError(f"{place}.{key} is {part!r}, not one of {', '.join(choices)}.")
    ends = {end: made.strip[end] for end in ("low", "high")} if made.strip else {}
    texts = {"text": made.text} | made.measures | made.answers | ends
    for key, text in texts.items():
        if not isinstance(text, dict) or not text.keys() >= set(LANGUAGES):
            raise WordsError(f"{place}.{key} has not both of {', '.join(LANGUAGES)}.")
    if made.id not in rules:
        raise WordsError(f"{place}: there is no rule for it.")
    return replace(made, judge=rules[made.id])


def told(template: Mapping[str, str], values: Mapping[str, float | str], language: str) -> str:
    """A template with its numbers, in one language."""
    shown = {k: Shown(v) if isinstance(v, (int, float)) else v for k, v in values.items()}
    return template[language].format_map(Known(shown))


def answer(claim: Claim, found: Finding, language: str = "en") -> str:
    """What came out, in one sentence; for a claim that was not run, that."""
    if found.verdict == NOT_RUN:
        return words()["not run"][language]
    name = f"{found.verdict}:{found.answer}" if found.answer else found.verdict
    return told(claim.answers[name], named(found), language)


def named(found: Finding) -> dict[str, float]:
    """What an answer may name: single numbers, the estimate of each measure (the first of its name,
    and each by name and first group), the count of its trainings and of those above."""
    values: dict[str, float] = {}
    for measure in found.measures:
        values.setdefault(measure.name, measure.interval.estimate)
        values.setdefault(
            f"{measure.name}_{measure.group.split('/')[0]}", measure.interval.estimate
        )
    judged = [m for m in found.measures if m.judged and m.threshold is not None and m.trainings]
    if judged:
        values |= {"n": len(judged[0].trainings), "above": judged[0].above}
        values["below"] = values["n"] - values["above"]
    return values | dict(found.numbers)


def reason(given: Reason, language: str = "en") -> str:
    """One reason as a sentence; verdicts and groups that it names are in its language."""
    inner = {k: word("verdicts", v, language) for k, v in given.told.items() if v in VERDICTS}
    if "group" in given.told:
        inner["group"] = group_words(given.told["group"], language)
    return told(words()["reasons"][given.name], dict(given.told) | inner, language)


def reasons(found: Finding, language: str = "en") -> str:
    """All reasons, one after another."""
    between = " " if language == "en" else ""
    return between.join(reason(each, language) for each in found.reasons)


def word(part: str, name: str, language: str = "en") -> str:
    """The word for a verdict, a scale or a group; a name without words stands for itself."""
    return words()[part].get(name, {}).get(language, name)


def measure_words(claim: Claim, measure: Measure, language: str = "en") -> str:
    """What a measure is called, with its group."""
    name = claim.measures[measure.name][language]
    if not measure.group:
        return name
    return f"{name}{BETWEEN[language]}{group_words(measure.group, language)}"


def group_words(group: str, language: str = "en") -> str:
    """What a group is called, part by part."""
    return BETWEEN[language].join(word("groups", part, language) for part in group.split("/"))


def lines(claim: Claim, found: Finding, language: str = "en") -> list[str]:
    """A claim as lines of text: its words, verdict and answer, measures, reasons."""
    head = f"{claim.id}: {claim.text[language]}"
    verdict = word("verdicts", found.verdict, language)
    measures = [
        f"  {measure_words(claim, m, language)}: {m.interval}" + ("" if m.judged else " (beside)")
        for m in found.measures
    ]
    return [head, f"  {verdict}. {answer(claim, found, language)}", *measures] + [
        f"  {reason(each, language)}" for each in found.reasons
    ]
