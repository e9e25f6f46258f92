"""The verdicts that the pages show, computed once a build from the run records."""

import json
from functools import cache
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

from companion.site.words import verdict_word
from residual import claims, store
from residual.claims import CLAIMS, Claim, Verdict

ORDER = (
    claims.SUPPORTED,
    claims.CAVEAT,
    claims.NOT_SUPPORTED,
    claims.INCONCLUSIVE,
    claims.NOT_RUN,
)
"""The verdicts, as the summary counts them."""


@cache
def published() -> list[tuple[Claim, Verdict]]:
    """Each claim with its verdict at the largest profile that gives one."""
    return list(zip(CLAIMS, claims.evaluate(claims.PUBLISHED)))


@cache
def at_profile(profile: str) -> dict[str, Verdict]:
    """The verdicts at one profile, by the claim's id."""
    return {verdict.id: verdict for verdict in claims.evaluate(profile)}


def elsewhere(shown: Verdict) -> list[Verdict]:
    """The verdicts of the same claim at the other profiles that were run."""
    others = [name for name in store.profiles() if name != shown.profile]
    found = [at_profile(name)[shown.id] for name in others if shown.profile != "exact"]
    return [verdict for verdict in found if verdict.verdict != claims.NOT_RUN or verdict.values]


def publish_verdicts(app: Sphinx, error: Exception | None) -> None:
    """Write the ledger as claims.json into the built site."""
    if error is None and app.builder.format == "html":
        told = claims.as_json([verdict for _, verdict in published()])
        content = json.dumps(told, indent=1, ensure_ascii=False) + "\n"
        (Path(app.outdir) / "claims.json").write_text(content, "utf-8")


def forget() -> None:
    """Drop what an earlier build in this process has computed."""
    published.cache_clear()
    at_profile.cache_clear()


def slug(verdict: str | None) -> str:
    """A verdict as a class name; a claim about the paper alone has none."""
    return (verdict or "about the paper").replace(" ", "-")


def badge(verdict: str | None) -> nodes.inline:
    """The verdict as a small label; its word, not its colour alone, says what it is."""
    text = verdict_word(verdict or "about the paper")
    return nodes.inline("", text, classes=["badge", f"badge-{slug(verdict)}"])
