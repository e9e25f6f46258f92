"""Figures are drawn for one depth, for many, with missing kinds, and are the same each time."""

import made_up
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from companion import figures, tables
from companion.chapter.display import rendered
from companion.figures.style import HUES, luminance, readable, shade

KINDS = ("plain", "residual")


def run(kind, depth, seed):
    """A made-up run with the curves and the lesion table that figures read."""
    made = made_up.run(kind, depth, seed)
    points = {"iteration": [10, 20]}
    made.content["curves"] = {
        "training": points | {"train_error_batch": [90.0, 50.0 + seed]},
        "test": points | {"test_error": [95.0, 60.0 + seed]},
    }
    lesions = made.content["probes"]["lesions"]
    lesions["block"] = list(range(len(lesions["test_error"])))
    return made


def figure_7(runs):
    """Fig. 7 of runs."""
    return figures.figure_7(tables.responses(runs))


def test_names_of_lines_can_be_read_in_every_shade():
    for kind in KINDS:
        colours = [shade(kind, depth, [20, 32, 44, 56]) for depth in (20, 32, 44, 56)]
        for name in map(readable, colours):
            assert 1.05 / (luminance(to_rgb(name)) + 0.05) >= 4.5
        assert readable(colours[-1]) == colours[-1] == HUES[kind]  # dark enough as it is
    assert luminance(to_rgb("white")) == pytest.approx(1)
    assert luminance(to_rgb("#ff0000")) == pytest.approx(0.2126)


DRAWN = (
    figures.error_curves,
    figures.error_by_depth,
    figure_7,
    figures.gradient_norms,
    figures.response_ratio,
    figures.lesion_bars,
)


@pytest.mark.parametrize("draw", DRAWN, ids=lambda f: f.__name__)
@pytest.mark.parametrize("depths", [[8], [8, 14], [8, 14, 20, 26, 32, 38]], ids=str)
def test_a_figure_names_every_network(draw, depths):
    runs = [run(kind, depth, seed) for depth in depths for kind in KINDS for seed in (0, 1)]
    words = {text.get_text() for ax in draw(runs).axes for text in ax.texts}
    if draw is figures.error_by_depth:
        assert words == {"plain", "ResNet"}
    else:
        assert words == {f"{name}-{d}" for name in ("plain", "ResNet") for d in depths}


@pytest.mark.parametrize("draw", DRAWN, ids=lambda f: f.__name__)
def test_one_kind_alone_is_drawn(draw):
    assert draw([run("residual", 8, 0)]).axes


def test_the_same_figure_is_the_same_bytes():
    first, second = (rendered(figures.error_curves([run("plain", 8, 0)]), "svg") for _ in range(2))
    assert first == second


def test_a_picture_without_shortcut_and_one_with():
    left, right = figures.block_diagram().axes
    assert "shortcut" not in {t.get_text() for t in left.texts}
    assert "shortcut" in {t.get_text() for t in right.texts}


def names_in(figure):
    """The names beside the lines of a figure."""
    return {text.get_text() for ax in figure.axes for text in ax.texts}


def test_stacks_are_named_by_their_blocks():
    rows = [(k, b, e, e * b) for k in KINDS for b in (1, 9) for e in (0.01, 0.1)]
    frame = pd.DataFrame(rows, columns=["kind", "blocks", "epsilon", "error"])
    figure = figures.perturbed_errors(frame)
    assert names_in(figure) == {"1 block", "9 blocks"}
    assert {ax.get_yscale() for ax in figure.axes} == {"log"}
    figure = figures.errors_left(frame.rename(columns={"error": "loss"}))
    assert names_in(figure) == {"plain", "ResNet"}
    means = [line.get_ydata() for line in figure.axes[0].get_lines()]
    assert means[0] == pytest.approx([0.01**0.5 * 0.1**0.5 * b for b in (1, 9)])


def test_both_starts_are_named_on_both_sides():
    starts = ("He", "zero γ")
    rows = [(s, w, b, 1.0) for s in starts for w in ("initial", "final") for b in (1, 2)]
    blocks = pd.DataFrame(rows, columns=["start", "when", "position", "ratio"])
    rows = [(s, i, 50.0 + i) for s in starts for i in (10, 20)]
    curves = pd.DataFrame(rows, columns=["start", "iteration", "test_error"])
    for ax in figures.zero_gamma(blocks, curves).axes:
        assert {text.get_text() for text in ax.texts} == {"He start", "zero γ start"}


@pytest.mark.parametrize("kinds", [KINDS, ("residual",)])
def test_singular_values_are_drawn_for_the_kinds_there_are(kinds):
    rows = [(k, d, b, 0.5, 1.0, 2.0) for k in kinds for d in (8, 14) for b in (1, 2, 3)]
    columns = ["kind", "depth", "position", "low", "median", "high"]
    figure = figures.jacobian_bands(pd.DataFrame(rows, columns=columns))
    assert len(figure.axes) == len(kinds)
    expected = {"plain": {"plain-8", "plain-14"}, "residual": {"ResNet-8", "ResNet-14"}}
    assert names_in(figure) == set().union(*(expected[kind] for kind in kinds))
