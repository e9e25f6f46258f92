"""One block or one layer at zero: told from the record, or not at all."""

import made_up
import pytest

from companion.chapter import settings, zeroing
from companion.chapter.settings import Settings

ERRORS = {"nothing": 5.0, "block": 50.0, "conv1": 20.0, "conv2": 40.0}


@pytest.fixture
def record(monkeypatch):
    """A made-up record of plain-20 and ResNet-20, whose errors are half of plain's."""
    rows = [
        {"kind": kind, "block": b, "zeroed": what, "test_error": scale * error + seed}
        for seed in (0, 2)
        for kind, scale in (("plain", 1.0), ("residual", 0.5))
        for what, error in ERRORS.items()
        for b in ([0] if what == "nothing" else [1, 2, 3])
    ]
    measured = [{"rows": rows[: len(rows) // 2]}, {"rows": rows[len(rows) // 2 :]}]
    found = made_up.experiment("zero-kills-plain", measured)
    monkeypatch.setattr(Settings, "has_experiment", lambda _self, _name: True)
    monkeypatch.setattr(Settings, "experiment", lambda _self, _name: found)
    found.content["profile"] = "quick"
    return found


def test_blocks_and_layers_are_told_apart(record):
    picture = zeroing.one_at_zero(settings(), "fig-made-up")
    assert "51.0 % and 31.0 % in plain-20 (whole: 6.00 %)" in picture.caption
    assert "26.0 % and 16.0 % in ResNet-20 (whole: 3.50 %)" in picture.caption
    assert "profile quick: 8×8 digits, 2 seeds" in picture.caption
    assert len(picture.data) == sum(len(m["rows"]) for m in record.measurements)


def test_every_position_is_drawn_beside_the_whole_network(record):
    blocks, layers = zeroing.one_at_zero(settings(), "fig-made-up").figure.axes
    plain, whole, residual, _ = blocks.get_lines()
    assert list(plain.get_xdata()) == [1, 2, 3]
    assert list(plain.get_ydata()) == [51.0] * 3
    assert set(whole.get_ydata()) == {6.0}
    assert list(residual.get_ydata()) == [26.0] * 3
    assert list(layers.get_lines()[0].get_xdata()) == [2, 3, 4, 5, 6, 7]
    assert list(layers.get_lines()[0].get_ydata()) == [21.0, 41.0] * 3


def test_networks_that_were_not_asked_for_are_not_trained(monkeypatch, tmp_path):
    monkeypatch.setenv("RESIDUAL_EVIDENCE", str(tmp_path))
    assert zeroing.one_at_zero(settings(depths=[8]), "fig-none") is None
