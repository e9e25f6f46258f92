"""Drawings of two panels for narrow screens."""

import io
import re
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from matplotlib.figure import Figure

from residual.site import drawings, weight


def svg(rows=1, columns=2, **shared):
    """A drawing of panels with a line each."""
    figure = Figure(figsize=(6, 3), layout="constrained")
    for axes in figure.subplots(rows, columns, squeeze=False, **shared).flat:
        axes.plot([0, 1], [0, 5])
        axes.set_xlabel("depth")
    figure.axes[0].set_ylabel("error")
    file = io.StringIO()
    figure.savefig(file, format="svg")
    return file.getvalue()


def box(text):
    return [float(n) for n in re.search(r'viewBox="([^"]*)"', text)[1].split()]


def written(text, name):
    """How many glyphs stand in a panel and in what was added to it."""
    (panel,) = (e for e in ElementTree.fromstring(text).iter() if e.get("id") == name)
    return len(panel.findall(f".//{{{drawings.SVG}}}use"))


def test_two_panels_with_one_axis_are_stacked_and_both_have_its_numbers():
    before = svg(sharey=True)
    after = drawings.stacked(before)
    (_, _, width, height), (_, _, across, tall) = box(before), box(after)
    assert tall == pytest.approx(2 * height, abs=0.01)
    assert width / 2 < across < 0.65 * width
    first, second = (written(before, f"axes_{i}") for i in (1, 2))
    assert first > second
    assert [written(after, f"axes_{i}") for i in (1, 2)] == [first, first]
    ids = re.findall(r' id="([^"]*)"', after)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    "drawing",
    [
        {"columns": 1},
        {"columns": 3, "sharey": True},
        {"rows": 2, "columns": 1, "sharey": True},
        {"sharey": False},
    ],
)
def test_other_drawings_stay_as_they_are(drawing):
    assert drawings.stacked(svg(**drawing)) is None


def test_what_matplotlib_did_not_draw_stays_as_it_is():
    assert drawings.stacked(f'<svg xmlns="{drawings.SVG}" viewBox="0 0 1 1"><g/></svg>') is None
    assert drawings.stacked(f'<svg xmlns="{drawings.SVG}" viewBox="0 0 1 1"/>') is None


def test_a_page_offers_the_stacked_panels_to_narrow_screens(tmp_path):
    (tmp_path / "two.svg").write_text(svg(sharey=True), "utf-8")
    (tmp_path / "one.svg").write_text(svg(columns=1), "utf-8")
    place = "<figure class='result'><div class='drawing'><img src='{}'></div></figure>"
    names = ("two.svg", "one.svg", "gone.svg")
    soup = BeautifulSoup("".join(place.format(name) for name in names), "html.parser")
    weight.stack(soup, tmp_path / "page.html")
    (source,) = soup.select("picture > source")
    assert source["srcset"] == "two-narrow.svg"
    assert source["media"] == weight.NARROW
    assert (tmp_path / "two-narrow.svg").is_file()
    assert not (tmp_path / "one-narrow.svg").exists()
    assert int(source["height"]) > int(source["width"])
