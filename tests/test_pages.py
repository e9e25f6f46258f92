"""What the pages compute: how many claims came out how, and the registered control."""

import made_up
import pytest

from companion import pages
from residual.claims import CLAIMS, Verdict


def test_claims_are_counted_by_form_and_verdict(monkeypatch):
    words = {"measured": "inconclusive", "by construction": "supported", "about the paper": None}
    found = {
        c.id: Verdict(words[c.form], f"About {c.id}.", {}, seeds=3, id=c.id, scale="desk")
        for c in CLAIMS
    }
    monkeypatch.setattr(pages, "verdicts", lambda _scale: found)
    table, told = pages.result_summary().split("\n\n")
    _header, _aligned, *rows = [
        [p.strip() for p in line[1:-1].split("|")] for line in table.split("\n")
    ]
    assert rows == [
        ["by construction (7)", "7", "", "", "", ""],
        ["measured (22)", "", "", "", "22", ""],
    ]
    assert "22 at *desk*." in told
    assert "One comparison decides" not in told


@pytest.mark.parametrize(("deep", "told"), [(5.0, "was met"), (5.1, "was not met")])
def test_the_registered_control_allows_five_per_cent_at_the_median(deep, told, monkeypatch):
    made = [
        made_up.network("residual", depth, seed, "quick", train=error + (seed == 2))
        for depth, error in ((20, 1.0), (56, deep))
        for seed in range(3)
    ]
    given = made_up.evidence(*made, scale="quick")
    monkeypatch.setattr(pages, "Evidence", lambda _scale: given)
    assert told in pages.positive_control()
    monkeypatch.setattr(pages, "Evidence", lambda _scale: made_up.evidence(*made[1:]))
    assert pages.positive_control().endswith("not run.")
