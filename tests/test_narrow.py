"""Drawings for narrow screens: one panel a row, words as large as before."""

import re
from itertools import pairwise

import pytest
from bs4 import BeautifulSoup
from matplotlib.figure import Figure

from companion.chapter.display import rendered
from companion.figures import narrow
from companion.figures.style import label_lines, names, panels
from companion.site import weight
from companion.site.drawings import lighter
from companion.site.images import NARROW, finish_drawings, keep_narrow, narrowed

PHONE = 342  # px of a figure on a screen of 390


def drawn(rows, columns, **shared):
    """A figure with two lines in each panel, and a name of the y axis at the first."""
    figure, axes = panels(rows, columns, 3.0 * rows, **shared)
    for ax in axes:
        ax.plot([0, 50], [0, 5], label="plain-56")
        ax.plot([0, 40], [0, 5], label="plain-44")
        ax.set_xlabel("layer")
    axes[0].set_ylabel("error")
    label_lines(axes)
    return figure


def pixels(figure):
    """Width and height of a figure's SVG in CSS pixels."""
    points = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', rendered(figure, "svg").decode())
    return [float(number) * 4 / 3 for number in points.groups()]


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (2, 1), (1, 2), (1, 3), (2, 2)])
def test_panels_stand_one_below_the_other_and_fit_a_phone(rows, columns):
    usual = drawn(rows, columns)
    figure = narrow(usual)
    width, height = pixels(figure)
    assert 0.9 * PHONE < width <= PHONE + 8
    assert height == pytest.approx(columns * pixels(usual)[1], rel=0.2)
    places = [ax.get_position() for ax in figure.axes]
    assert len({round(place.x0, 3) for place in places}) == 1
    assert all(above.y0 > below.y1 for above, below in pairwise(places))


def test_a_panel_s_title_keeps_away_from_what_stands_above_it():
    usual = drawn(1, 2)
    for ax in usual.axes:
        ax.set_title("networks")
    above, below = narrow(usual).axes
    room = above.xaxis.label.get_window_extent().y0 - below.title.get_window_extent().y1
    assert room > below.title.get_window_extent().height


def test_words_keep_their_size_and_the_usual_figure_its_form():
    usual = drawn(1, 2, sharey=True)
    figure = narrow(usual)
    left, right = (ax.get_position() for ax in usual.axes)
    assert (left.y0, left.x1 < right.x0, *usual.get_size_inches()) == (right.y0, True, 8.0, 3.0)
    for ax, other in zip(usual.axes, figure.axes):
        assert ax.xaxis.label.get_size() == other.xaxis.label.get_size()
        assert [t.get_text() for t in names(ax)] == [t.get_text() for t in names(other)]


def test_panels_that_share_an_axis_all_have_its_numbers_and_its_name():
    figure = narrow(drawn(1, 2, sharey=True))
    rendered(figure, "svg")
    assert [ax.get_ylabel() for ax in figure.axes] == ["error", "error"]
    assert all(any(t.get_text() for t in ax.get_yticklabels()) for ax in figure.axes)
    assert [ax.get_ylabel() for ax in narrow(drawn(1, 2)).axes] == ["error", ""]


def test_names_that_would_meet_in_a_narrow_panel_are_moved_apart():
    usual = drawn(1, 1)
    forms = (usual, narrow(usual))
    heights = [sorted(text.xy[1] for text in names(form.axes[0])) for form in forms]
    (low, high), (lower, higher) = heights
    assert low == pytest.approx(high)
    assert higher - lower > 0.05


def test_an_axis_that_is_no_scale_of_numbers_keeps_its_ticks():
    figure = Figure(layout="constrained")
    ax = figure.subplots()
    ax.bar(["plain", "ResNet"], [1, 2])
    ax.set_yscale("log")
    (found,) = narrow(figure).axes
    assert [t.get_text() for t in found.get_xticklabels()] == ["plain", "ResNet"]


def test_numbers_of_chosen_ticks_do_not_run_into_each_other():
    usual = drawn(1, 1)
    usual.axes[0].set_xticks([20, 24, 35, 50])
    (ax,) = narrow(usual).axes
    assert [t.get_text() for t in ax.get_xticklabels() if t.get_visible()] == ["20", "35", "50"]


def test_ticks_of_large_numbers_are_few():
    usual = drawn(1, 1)
    usual.axes[0].plot([0, 64_000], [0, 5])
    figure = narrow(usual)
    figure.draw_without_rendering()
    places = [t.get_window_extent() for t in figure.axes[0].get_xticklabels() if t.get_text()]
    assert all(left.x1 < right.x0 for left, right in pairwise(places))


def test_a_scale_of_colours_stays_beside_the_panels():
    usual, axes = panels(1, 2, 3.0, sharey=True)
    usual.colorbar(axes[0].pcolormesh([[0, 1], [2, 3]]), ax=axes)
    figure = narrow(usual)
    figure.draw_without_rendering()
    *places, scale = (ax.get_position() for ax in figure.axes)
    assert all(place.x1 < scale.x0 for place in places)
    assert scale.y0 < places[0].y0 < scale.y1


def test_a_figure_without_a_grid_keeps_its_form():
    figure = Figure(figsize=(8, 3))
    figure.add_axes((0, 0, 1, 1)).plot([0, 1])
    assert tuple(narrow(figure).get_size_inches()) == (8, 3)


def test_a_light_drawing_keeps_its_lines_and_the_blanks_of_its_words():
    words = "<text><tspan>a</tspan> <tspan>b</tspan></text>"
    path = '<path d="M 1.2345 20 \nL -1e-05 3\nz"/>'
    svg = f'<?xml version="1.0"?>\n<svg>\n <!-- a -->\n {path}{words}\n</svg>'
    light = f'<svg><path d="M1.23 20L-1e-05 3z"/>{words}</svg>'
    assert lighter(svg) == lighter(light) == light


class Application:
    """What `keep_narrow` and `finish_drawings` ask of Sphinx."""

    def __init__(self, folder):
        self.outdir, self.srcdir, self.builder = folder / "html", folder, self
        self.name, self.imagedir = "html", "_images"


def test_a_page_offers_a_drawing_of_its_own_to_narrow_screens(tmp_path):
    app, kept = Application(tmp_path), tmp_path / "jupyter_execute"
    images = app.outdir / "_images"
    for folder in (kept, images):
        folder.mkdir(parents=True)
    drawing = rendered(narrow(drawn(1, 2)), "svg").decode()
    for name, form in (("one.svg", drawing), ("none.svg", None), ("unused.svg", drawing)):
        keep_narrow(app, {"uri": f"/jupyter_execute/{name}"}, form)
        if name != "unused.svg":
            (images / name).write_bytes(rendered(drawn(1, 2), "svg"))
    finish_drawings(app, None)
    assert [path.name for path in images.glob("*-narrow.svg")] == ["one-narrow.svg"]
    place = "<figure class='result'><div class='drawing'><img src='_images/{}'></div></figure>"
    soup = BeautifulSoup("".join(map(place.format, ("one.svg", "none.svg"))), "html.parser")
    weight.narrow_drawings(soup, app.outdir / "page.html")
    (source,) = soup.select("picture > source")
    assert source["srcset"] == "_images/one-narrow.svg"
    assert source["media"] == NARROW
    assert int(source["height"]) > int(source["width"])
    assert "<metadata" not in narrowed(images / "one.svg").read_text("utf-8")
