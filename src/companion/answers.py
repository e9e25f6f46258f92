"""What a chapter shows of claims: the answers at its head, and a box beside each figure."""

from IPython.display import Markdown, display

from companion import boxes, strips
from companion.settings import Settings
from residual.claims import judged

JUDGED = {20, 56}
ELSEWHERE = (
    "*The rules are about depths 20 and 56 with all seeds and at the full length of a scale: these "
    "verdicts rest on the committed records of those, not on what was chosen here.*"
)


def came_out(settings: Settings, *ids: str) -> None:
    """Display what came out: each claim with badge and answer, in both languages."""
    rows = []
    for name in ids:
        claim = boxes.BY_ID[name]
        english, chinese = boxes.answers(claim, judged(name, settings.profile))
        said = [boxes.shown(claim.text["en"]), boxes.chinese(boxes.shown(claim.text["zh"]))]
        rows.append("- " + "<br>\n  ".join([said[0], english, said[1], chinese]))
    display(Markdown("\n".join(['**What came out** · <span lang="zh">结果</span>\n', *rows])))


def verdict(settings: Settings, *ids: str) -> None:
    """Display claims with what the ledger's rules say of them, from committed records alone.

    For each one badge, answer, claim, strip, and in a fold the measures, the rule and the other
    scales. With `published` a claim is judged at the largest scale that can judge it.
    """
    if settings.iterations or settings.seeds or JUDGED - set(settings.depths):
        display(Markdown(ELSEWHERE))
    for name in ids:
        claim, seen = boxes.BY_ID[name], judged(name, settings.profile)
        told = f"{boxes.shown(claim.text['en'])} [`{name}`](#claim-{name})"
        head = [*boxes.answers(claim, seen), f"*Claim:* {told}", boxes.chinese(claim.text["zh"])]
        display(Markdown("\n>\n".join(f"> {line}" for line in head)))
        if picture := strips.strip(claim, boxes.everywhere(seen)):
            text = boxes.alt(claim, seen)
            about = {"strip": name, "alt": text}
            content = {"image/svg+xml": picture, "text/plain": text}
            display(content, raw=True, metadata={"companion": about})
        display(Markdown(boxes.fold(claim, seen)))
