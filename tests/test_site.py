"""The Sphinx extension: figures from notebooks, tables of records, the ledger's cards."""

import base64
import json
import subprocess
import sys
from unittest.mock import Mock

import nbformat
import pytest
from browser import settle, watched
from bs4 import BeautifulSoup
from docutils import nodes
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from companion.site import figures, links, tables, verdicts

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><path d="M0 0h8v8z"/></svg>'
PYTHON = {
    "kernelspec": {"name": "python3", "display_name": "Python 3"},
    "language_info": {"name": "python", "pygments_lexer": "python"},
}
PNG = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
        "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
    )
).decode()
ABOUT = {"label": "fig-made-up", "caption": "Line $x$ *falls*.", "alt": "A line that falls."}
CONF = """
extensions = ["myst_nb", "companion.site"]
nb_execution_mode = "off"
nb_render_markdown_format = "myst"
myst_enable_extensions = ["dollarmath"]
numfig = True
smartquotes = False
html_theme = "basic"
"""


def picture(data, about):
    metadata = {"residual": about} if about else {}
    return new_output("display_data", data=data | {"text/plain": "seen"}, metadata=metadata)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A little project with one notebook and two pages, built by Sphinx with an empty store."""
    folder = tmp_path_factory.mktemp("project")
    both = picture({"image/png": PNG, "image/svg+xml": SVG}, ABOUT | {"runs": ["quick/made-up"]})
    cells = [
        new_markdown_cell("# Chapter"),
        new_code_cell("show()", outputs=[both, picture({"image/svg+xml": SVG}, None)]),
    ]
    nbformat.write(new_notebook(cells=cells, metadata=PYTHON), folder / "chapter.ipynb")
    (folder / "conf.py").write_text(CONF)
    (folder / "index.md").write_text(
        "# Front\n\n```{chapter-figure} fig-made-up\n:chapter: chapter\n```\n\n"
        "See {numref}`fig-made-up`.\n\n```{status-table}\n```\n\n```{result-summary}\n```\n\n"
        "```{ledger} 000\n```\n\n```{toctree}\nchapter\n```\n"
    )
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "-q", "-b", "html", ".", "out/html"]
    environment = {"RESIDUAL_EVIDENCE": str(folder / "no-runs"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "out" / "html"


def page(built, name):
    return BeautifulSoup((built / f"{name}.html").read_text("utf-8"), "html.parser")


def test_a_picture_in_two_forms_is_one_figure_and_svg_is_preferred(built):
    chapter = page(built, "chapter")
    (figure,) = chapter.select("figure")
    assert figure["id"] == "fig-made-up"
    assert figure.img["src"].endswith(".svg")
    assert figure.img["alt"] == ABOUT["alt"]
    assert "Fig. 1" in figure.figcaption.get_text()
    assert figure.figcaption.em.get_text() == "falls"
    assert figure.figcaption.select_one(".math")


def test_a_picture_without_metadata_stays_as_it_is(built):
    assert len(page(built, "chapter").select("img")) == 2


def test_the_records_behind_a_figure_are_linked(built):
    link = page(built, "chapter").select_one("figure .legend a")
    assert link["href"] == "records/quick/made-up.json"


def test_another_page_refers_to_the_figure_and_repeats_it_without_a_number(built):
    front = page(built, "index")
    assert front.find("a", href="chapter.html#fig-made-up").get_text() == "Fig. 1"
    figure = front.select_one("figure")
    assert figure.img["alt"] == ABOUT["alt"]
    assert figure.select_one(".caption-number") is None


def test_an_empty_store_says_not_run(built):
    text = page(built, "index").get_text()
    assert "Not run: the store holds no run record." in text
    assert "not run" in page(built, "index").select_one("ul.tally").get_text()


def test_the_ledger_shows_each_claim_of_the_note_once(built):
    cards = page(built, "index").select("div.claim")
    wanted = [f"claim-{claim.id}" for claim in verdicts.CLAIMS if claim.note == "000"]
    assert [card["id"] for card in cards] == wanted
    assert all(card.select_one(".badge") and card.select_one("[lang=zh]") for card in cards)


def test_mathjax_is_shipped_as_one_file(built):
    files = [p.name for p in (built / "_static" / "mathjax").rglob("*")]
    assert files == ["tex-svg.js"]
    assert "mathjax/tex-svg.js" in (built / "chapter.html").read_text("utf-8")


def test_formulas_are_set_on_a_page_opened_from_disk(built, browser):
    opened = browser.new_page()
    with watched(opened) as visit:
        opened.goto((built / "chapter.html").as_uri())
        settle(opened)
    assert opened.locator("figcaption mjx-container svg").count() == 1
    opened.close()
    assert not visit.errors + visit.failed


def test_a_missing_figure_stops_the_build(tmp_path):
    path = tmp_path / "chapter.ipynb"
    assert figures.picture(path, "fig-x") is None
    nbformat.write(new_notebook(), path)
    assert figures.picture(path, "fig-x") is None


def test_a_stored_picture_is_found_by_its_label(tmp_path):
    path = tmp_path / "chapter.ipynb"
    cell = new_code_cell(outputs=[picture({"image/png": PNG}, ABOUT)])
    nbformat.write(new_notebook(cells=[cell]), path)
    mime_type, content, about = figures.picture(path, "fig-made-up")
    assert (mime_type, about["caption"]) == ("image/png", ABOUT["caption"])
    assert content == base64.b64decode(PNG)


@pytest.mark.parametrize(
    ("docname", "href"),
    [
        ("index", "records/quick/a.json"),
        ("book/claims", "../records/quick/a.json"),
        ("a/b/c", "../../records/quick/a.json"),
    ],
)
def test_links_to_records_are_relative(docname, href):
    assert links.record_link(docname, "quick/a", "a")["refuri"] == href


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(4.2, "4 s"), (89, "89 s"), (95, "2 min"), (3599, "1 h 0 min"), (12_000, "3 h 20 min")],
)
def test_durations_read_as_people_say_them(seconds, words):
    assert tables.duration(seconds) == words


def test_a_table_has_a_header_row_and_marks_numbers():
    made = tables.table("Title", ("Name", "Count"), [("a", "1,437"), ("b", "–")])
    assert [n.astext() for n in made.findall(nodes.thead)] == ["Name\n\nCount"]
    marked = [e.astext() for e in made.findall(nodes.entry) if "number" in e["classes"]]
    assert marked == ["1,437"]


@pytest.mark.parametrize("verdict", [*verdicts.ORDER, None])
def test_a_badge_says_its_verdict_in_words(verdict):
    made = verdicts.badge(verdict)
    assert made.astext() == (verdict or "about the paper")
    assert " " not in made["classes"][1]


def test_the_speed_page_says_what_was_not_measured(tmp_path, monkeypatch):
    from companion.site import benchmarks

    row = dict.fromkeys(
        ("loop_over_step", "loop_over_gemm", "loop_over_usual", "probe_over_forward"), 1.0
    ) | {"depth": 20, "loop_images_per_second": 500.0, "milliseconds_per_iteration": 256.0}
    made = {"versions": {"torch": "2"}, "precision": "float32", "started": "2026-01-01T00:00"}
    result = {"device": "a CPU", "batch_size": 128, "rounds": 5, "rows": [row]}
    result["provenance"] = made | {"device_type": "cpu"}
    (tmp_path / "cpu.json").write_text(json.dumps(result))
    monkeypatch.setattr(benchmarks, "RESULTS", tmp_path)
    assert not benchmarks.BenchmarkFigure.run(Mock())  # one depth is no line
    shown = benchmarks.BenchmarkTable.run(Mock())
    assert [type(node).__name__ for node in shown] == ["ResultTable", "paragraph"]
    assert "500" in shown[0].astext()
    assert "not measured yet" in shown[1].astext()


def test_the_drawing_of_speed_says_what_a_layer_costs():
    from companion.site import benchmarks

    rows = [
        {"depth": d, "milliseconds_per_iteration": ms, "usual_images_per_second": 50.0}
        for d, ms in ((56, 120.0), (8, 24.0), (20, 48.0))
    ]
    frame = benchmarks.by_depth({"batch_size": 100, "rows": rows})
    assert list(frame["depth"]) == [8, 20, 56]
    assert set(frame["usual"]) == {2000.0}
    told = benchmarks.finding(frame)
    assert "Each layer more costs 2 ms" in told
    assert "within 0 % of a straight line" in told
    assert "depth 8 to 56: this engine from 24 to 120 ms" in benchmarks.shape(frame)
