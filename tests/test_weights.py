"""What falls on the way to the identity is told and drawn from the record."""

import made_up
import pytest

from companion.chapter import settings, weights
from companion.chapter.settings import Settings


def row(form, weight, response, gamma, seed):
    """One descent whose quantities go straight from 2 to their share of it."""
    left = {"weight_norm": weight, "response": response, "gamma_norm": gamma}
    curve = {"iteration": [0, 10]} | {n: [2.0, 2.0 * s * 4**seed] for n, s in left.items()}
    ends = {f"{n}_{w}": c for n in left for w, c in zip(("start", "end"), curve[n])}
    return {"form": form, "curve": curve} | ends


@pytest.fixture
def picture(monkeypatch):
    """The figure of a made-up record with two seeds, one four times the other."""
    forms = (("no-bn", 2.0, 1e-3, 0.0), ("bn", 1.0, 1e-4, 1e-5), ("gamma", 1.0, 0.1, 0.1))
    measured = [{"rows": [row(*form, seed) for form in forms]} for seed in (0, 1)]
    chosen = {"learning_rates": [0.1, 1.0]}
    record = made_up.experiment("weights-go-to-zero", measured, chosen)
    monkeypatch.setattr(Settings, "experiment", lambda _self, _name: record)
    return weights.falling(settings(), "fig-made-up")


def test_what_is_left_is_told_by_form(picture):
    assert "without BN 0.002 for ‖F(x)‖ and 4 for ‖W‖; with BN 0.0002 for" in picture.caption
    assert "2 for ‖W‖ and 2×10⁻⁵ for γ₂. Lines" in picture.caption
    assert "best of 2 learning rates" in picture.caption


def test_lines_are_geometric_means_of_what_is_left(picture):
    bare, normed = picture.figure.axes
    ends = {line.get_label(): line.get_ydata().tolist() for line in normed.get_lines()}
    assert ends["‖W‖"] == pytest.approx([1.0, 2.0])
    assert ends["γ₂"] == pytest.approx([1.0, 2e-5])
    assert {line.get_label() for line in bare.get_lines()} == {"‖F(x)‖", "‖W‖"}
    assert set(picture.data["seed"]) == {0, 1}
