"""What the last chapter shows of others' networks, and the note's numbers beside them."""

from dataclasses import replace

import pandas as pd
import pytest

from companion.chapter import peers, settings
from companion.chapter.peers import factors, jacobian, note_beside_all, shares, table_of_all
from residual.peers.measurement import MEASUREMENT
from residual.store import Record, every

BANDS = {"plain": (0.0, 0.02, 0.4), "residual": (0.9, 1.0, 1.1)}


def frame(medians):
    """Responses of made-up networks, given by (kind, depth): layers `1.1` and `1.2`."""
    rows = [
        (kind, depth, 0, layer, std, 0.5 if layer == "1.2" else 0.1)
        for (kind, depth), std in medians.items()
        for layer in ("1.1", "1.2")
    ]
    return pd.DataFrame(rows, columns=["kind", "depth", "seed", "layer", "std", "within_tenth"])


def measured(kind, depth):
    """A record of the present measurement with three blocks."""
    low, middle, high = BANDS[kind]
    blocks = {"block": [1, 2, 3], "low": [low] * 3, "median": [middle] * 3, "high": [high] * 3}
    record = {
        "source": {"name": "made-up"},
        "network": {"kind": kind, "depth": depth},
        "measurement": MEASUREMENT,
        "probes": {"jacobian": blocks | {"widening": [False, True, True]}},
    }
    return Record(None, record)


def test_factors_need_both_kinds_at_a_depth():
    both = {("plain", 8): 3.0, ("residual", 8): 1.5, ("plain", 14): 1.0}
    assert factors(frame(both)) == "2 at depth 8"
    assert factors(frame({("residual", 8): 1.0})) == ""


def test_shares_are_those_of_f_in_residual_nets():
    given = {("plain", 8): 3.0, ("residual", 8): 1.5}
    assert shares(frame(given)) == "50 % in ResNet-8"


def test_the_table_has_the_notes_three_numbers_and_keeps_others_apart(monkeypatch):
    chosen = settings(depths=[20])
    runs = chosen.runs()
    told = note_beside_all(runs)
    assert len(told) == 3
    said = told["the note"].tolist()
    assert [part in words for part, words in zip(("34", "10", "great majority"), said)] == [
        True
    ] * 3
    ours, others = told.attrs["scale"].split("; ")
    assert ours.startswith("ours, profile quick")
    assert others == "others' weights: CIFAR-10, full length"
    assert "martyn" not in " ".join(told["ours"])
    assert all("a-martyn" in words for words in told.iloc[:, -1])
    monkeypatch.setattr(peers, "every", lambda _scale: [])
    alone = note_beside_all(runs)
    assert alone["ours"].tolist() == told["ours"].tolist()
    assert alone.attrs["scale"] == ours
    assert len(alone.columns) == len(told.columns) - 1


def test_singular_values_of_others_are_told_from_their_records(monkeypatch):
    found = [measured(kind, depth) for depth in (8, 14, 20) for kind in BANDS]
    monkeypatch.setattr(peers, "every", lambda _scale: found)
    picture = jacobian("made-up", "fig-made-up")
    assert "Weights trained by others (made-up), measured by us" in picture.caption
    assert "from 0 to 0.4 in plain-20 (middle 0.02)" in picture.caption
    assert "0.9 to 1.1 in ResNet-20 (middle 1)" in picture.caption
    assert "14" not in picture.caption
    assert set(picture.data["depth"]) == {8, 14, 20}


def test_both_kinds_are_shown_at_the_largest_depth_that_has_both(monkeypatch):
    found = [measured("plain", 8), measured("residual", 8), measured("plain", 14)]
    monkeypatch.setattr(peers, "every", lambda _scale: found)
    caption = jacobian("made-up", "fig-made-up").caption
    assert "plain-8" in caption
    assert "ResNet-8" in caption
    assert "plain-14" not in caption
    monkeypatch.setattr(peers, "every", lambda _scale: found[::2])
    assert "plain-14" in jacobian("made-up", "fig-made-up").caption


def test_a_record_of_an_earlier_measurement_shows_less(monkeypatch):
    first = every("public")[0]
    probed = {"lesions": first["probes"]["lesions"]}
    metrics = {"test_error": first["metrics"]["test_error"]}
    old = replace(first, content=first.content | {"probes": probed, "metrics": metrics})
    monkeypatch.setattr(peers, "every", lambda _scale: [old])
    assert table_of_all()["training error, %"].isna().all()
    assert jacobian(first.member, "fig-none") is None
    new = first.content | {"metrics": metrics | {"train_error": 1.5}}
    monkeypatch.setattr(peers, "every", lambda _scale: [replace(first, record=new)])
    assert table_of_all()["training error, %"].tolist() == pytest.approx([1.5])
