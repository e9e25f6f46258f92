"""A claim as Markdown, the same everywhere: badge, answer, strip, and the rest in a fold.

Chapters, ledger, annotated notes and landing page all call these; the words come from claims.yaml.
"""

from html import escape

from companion.display import markdown
from companion.words import count, unbroken
from residual.claims import BY_ID, CONSTRUCTION, NOT_RUN, SCALES, Claim, Measure, Verdict, judged
from residual.claims.wording import answer, measure_words, reasons, word
from residual.statistics import number

BADGES = {
    "supported": "success",
    "supported with a caveat": "warning",
    "not supported": "danger",
    "inconclusive": "muted",
    "differs from the paper": "danger",
    "not run": "light",
}
"""The colour of each verdict's badge, in sphinx-design's words."""

PAPER = {
    "agrees": "The paper says so",
    "differs": "The paper says otherwise",
    "silent": "The paper does not say",
}


def badge(verdict: str, language: str = "en") -> str:
    """A verdict as a small label: its word, not its colour alone, says what it is."""
    colour = BADGES[verdict]
    told = word("verdicts", verdict, language)
    return f'<span class="sd-badge sd-bg-{colour} sd-bg-text-{colour}">{told}</span>'


def chinese(text: str) -> str:
    """Text marked as Chinese, so that browsers choose its fonts and voices."""
    return f'<span lang="zh">{text}</span>'


def answers(claim: Claim, found: Verdict) -> list[str]:
    """Badge and answer in English, and in Chinese: two paragraphs."""
    return [
        f"{badge(found.verdict)} **{shown(answer(claim, found))}**",
        chinese(f"{badge(found.verdict, 'zh')} {shown(answer(claim, found, 'zh'))}"),
    ]


def shown(text: str) -> str:
    """A sentence as Markdown: what looks like a tag of HTML is shown as it is."""
    return unbroken(text.replace("<", r"\<").replace("|", r"\|"))


def alt(claim: Claim, found: Verdict, language: str = "en") -> str:
    """What a strip shows, in words: the claim's answer and each row that decides."""
    decides = [
        f"{measure_words(claim, m, language)}: {interval(m)}" for m in found.measures if m.judged
    ]
    return " ".join([answer(claim, found, language), *decides])


def strip(claim: Claim, found: Verdict, language: str = "en") -> str:
    """The claim's strip as a Markdown image, which the extension draws; nothing without one."""
    if not any(m.name in claim.drawn for m in found.measures):
        return ""
    told = escape(alt(claim, found, language)).replace("[", "(").replace("]", ")")
    return f"![{told}](strip:{claim.id}.{language})"


def interval(measure: Measure) -> str:
    """An estimate with its interval, for the table of measures."""
    about = measure.interval
    return str(about).replace(f", n = {about.seeds}", "").replace("95 % interval ", "")


def table(claim: Claim, found: Verdict) -> str:
    """The measures: quantity, estimate and interval, number of trainings, threshold."""
    rows = [
        (
            shown(measure_words(claim, m)) + ("" if m.judged else " (beside)"),
            interval(m),
            len(m.trainings) or "–",
            "–" if m.threshold is None else number(m.threshold),
        )
        for m in found.measures
    ]
    return markdown(("Quantity", "Estimate (95 % interval)", "n", "Threshold"), rows)


def basis(found: Verdict) -> str:
    """In a stranger's words, on what a verdict rests: length, whose trainings, how many."""
    if found.verdict == NOT_RUN and not found.measures:
        return word("verdicts", NOT_RUN)
    told = word("scales", found.scale)
    if BY_ID[found.id].form == CONSTRUCTION and found.scale in SCALES:
        told = f"{CONSTRUCTION}, checked on trainings: {told}"
    kind = "source" if found.scale == "public" else "seed"
    return f"{told}, {count(found.seeds, kind)}" if found.seeds else told


def others(found: Verdict) -> list[Verdict]:
    """The verdicts of the same claim at the other scales that have something to show."""
    there = {found.scale: found}
    for scale in SCALES:
        verdict = judged(found.id, scale)
        there.setdefault(verdict.scale, verdict)  # what algebra decides is the same at each
    return [verdict for verdict in there.values() if verdict.measures and verdict is not found]


def everywhere(found: Verdict) -> list[Verdict]:
    """The verdict that is shown, and those at the other scales: the rows of its strip."""
    return [found, *others(found)]


def fold(claim: Claim, found: Verdict, *more: str) -> str:
    """What stands behind an answer, folded: measures, reasons, rule, the other scales."""
    where = f" ({claim.where})" if claim.where else ""
    parts = [table(claim, found)] if found.measures else []
    parts += [shown(reasons(found))] if found.reasons else []
    parts.append(
        f"- *On:* {basis(found)}.\n- *Measured:* {shown(claim.quantity)}.\n"
        f"- *Rule:* {shown(claim.rule)}.\n- {PAPER[claim.paper]}{where}.\n"
        f"- *Kind:* {claim.form}; stands in {stands_in(claim)}."
    )
    for other in others(found):
        told = (
            f"*{word('scales', other.scale)}:* {badge(other.verdict)} {shown(answer(claim, other))}"
        )
        parts.append(f"{told} {shown(reasons(other))}")
    inside = "\n\n".join([*parts, *filter(None, more)])
    return (
        f'<details class="claim-fold"><summary>Numbers, rule, other scales</summary>\n\n{inside}'
        "\n\n</details>"
    )


def stands_in(claim: Claim) -> str:
    """Where the statement stands: a section of a note, or the paper or this book alone."""
    note = f"note {claim.note}, §{claim.section}"
    return "the paper or this book" if claim.section == "–" else note
