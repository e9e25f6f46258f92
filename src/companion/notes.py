"""The two notes, sentence by sentence, as MyST text: what each says, and what it is worth."""

from functools import cache
from pathlib import Path

import yaml

from companion import boxes
from companion.ledger import counted, figure_link
from residual.claims import (
    CAVEAT,
    CLAIMS,
    DIFFERS,
    INCONCLUSIVE,
    NOT_RUN,
    NOT_SUPPORTED,
    SUPPORTED,
    judged,
)

WORDS = Path(__file__).with_name("notes.yaml")


@cache
def outline() -> list[dict]:
    """The notes in their own order: title, sections, and under each claims and remarks."""
    return yaml.load(WORDS.read_text("utf-8"), yaml.CSafeLoader)


def notes() -> str:
    """Both notes: a heading each, and one a section of the note."""
    return "\n\n".join(part for note in outline() for part in of_note(note))


def of_note(note: dict) -> list[str]:
    """One note."""
    title, ids = note["title"], claims_of(note)
    chosen = [claim for claim in CLAIMS if claim.id in ids]
    words = (SUPPORTED, CAVEAT, NOT_SUPPORTED, INCONCLUSIVE, DIFFERS, NOT_RUN)
    counts = [(counted(chosen, word), word) for word in words]
    told = " ".join(f"{boxes.badge(word)} {n}" for n, word in counts if n)
    in_chinese = " ".join(f"{boxes.badge(word, 'zh')} {n}" for n, word in counts if n)
    parts = [f"## {boxes.chinese(title['zh'])} · {title['en']}"]
    parts += [f"{boxes.chinese(in_chinese)}<br>{told}"]
    for section in note["sections"]:
        parts.append(f"### {boxes.chinese(section['title']['zh'])} · {section['title']['en']}")
        parts += [entry(one) for one in section["entries"]]
    return parts


def claims_of(note: dict) -> list[str]:
    """The ids of a note's claims, in its order."""
    entries = [one for section in note["sections"] for one in section["entries"]]
    return [one["claim"] for one in entries if "claim" in one]


def entry(one: dict) -> str:
    """A claim with its answers, strip and links, or a remark."""
    if "said" in one:
        said = one["said"]
        return f"{boxes.chinese(said['zh'].strip())}\n\n{said['en'].strip()}"
    claim = boxes.BY_ID[one["claim"]]
    found = judged(claim.id)
    english, chinese = boxes.answers(claim, found)
    links = f"{figure_link(claim, 'figure · 图')} · [rule, numbers · 规则与数据](#claim-{claim.id})"
    lines = [
        f"{boxes.chinese(claim.text['zh'])}<br>*{claim.text['en']}*",
        chinese,
        english,
        boxes.strip(claim, found, "zh"),
        links,
    ]
    inside = "\n\n".join(filter(None, lines))
    return f"::::{{div}} statement\n{inside}\n::::"
