"""What the pages compute: how many claims came out how, and the registered control."""

import json
import re
from types import SimpleNamespace

import made_up
import pytest
from docutils import nodes
from docutils.utils import new_document

from companion import extension, forest, pages, touch
from residual.claims import CLAIMS, DIFFERS, INCONCLUSIVE, SUPPORTED, Measure, Verdict
from residual.statistics import geometric_mean


def test_claims_are_counted_by_form_and_verdict(monkeypatch):
    words = {"measured": INCONCLUSIVE, "by construction": SUPPORTED, "about the paper": DIFFERS}
    found = {c.id: Verdict(words[c.form], seeds=3, id=c.id, scale="desk") for c in CLAIMS}
    monkeypatch.setattr(pages, "judged", found.get)
    table, told = pages.result_summary().split("\n\n")
    _header, _aligned, *rows = [
        [p.strip() for p in line[1:-1].split("|")] for line in table.split("\n")
    ]
    assert rows == [
        ["by construction (7)", "7", "", "", "", ""],
        ["measured (26)", "", "", "", "26", ""],
    ]
    assert "1 statement about the paper alone is not counted" in told.replace("\u00a0", " ")


def test_the_forest_plot_has_a_row_a_source_and_a_diamond_only_for_three(monkeypatch):
    def measure(one: str, values: list[float]) -> Measure:
        trainings = {f"{one} {n}": value for n, value in enumerate(values)}
        return Measure("ratio", geometric_mean(values), trainings, group=one)

    found = (measure("second", [5.0, 6.0, 7.0]), measure("first", [8.0, 9.0]))
    monkeypatch.setattr(forest, "judged", lambda *_: SimpleNamespace(measures=found))
    told = re.findall(">([a-z][^<]*)</text>", forest.drawn("degradation-train"))
    assert told[:6] == [*found[0].trainings, "second set, together", *found[1].trainings]


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


def test_the_identity_page_says_when_the_lowest_bar_is_not_the_one_missed_least():
    std, rise = {1: 0.3, 2: 0.1, 3: 0.2}, {1: 9.0, 2: 0.5, 3: 0.25}
    told = touch.lowest("X", std, rise)
    assert "block 2 has the lowest bar, but it is not" in told
    assert "costs +0.5 points" in told.replace("\u00a0", " ")
    assert "deleting block 3 +0.2 points" in told.replace("\u00a0", " ")
    assert "none is missed less" in touch.lowest("X", std, rise | {2: 0.25})


def test_the_identity_page_shows_the_deepest_network_first():
    found, _ = touch.shown()
    assert [one.name for one in found] == ["residual-56", "residual-20", "plain-20"]
    assert touch.bars_and_errors().count("lowest bar") == 2


@pytest.mark.parametrize(
    ("base", "picture"),
    [
        ("", "../_static/key-figure.png"),
        ("https://a.org/b/", "https://a.org/b/_static/key-figure.png"),
    ],
)
def test_a_preview_names_the_picture_by_its_whole_address_where_there_is_one(base, picture):
    app = SimpleNamespace(config=SimpleNamespace(html_baseurl=base))
    context = {"title": "<span>1. </span>Depth", "docstitle": "The book", "metatags": ""}
    page = new_document("page")
    page += nodes.section("", nodes.title("", "Depth"), nodes.paragraph("", 'It "works" < 1.'))
    extension.preview(app, "book/depth", "page.html", context, page)
    assert f'property="og:image" content="{picture}"' in context["metatags"]
    assert 'property="og:title" content="1. Depth"' in context["metatags"]
    assert 'name="description" content="It &quot;works&quot; &lt; 1."' in context["metatags"]


def test_a_number_leads_to_the_table_of_final_errors_where_it_stands_there():
    table, record = (
        "../records/public/final-test-errors.csv",
        "../records/public/akamaster/residual-20",
    )
    alone = extension.linked("book/claims", "public/tomgoldstein/plain-110")
    assert alone == f'<a href="{table}">public/tomgoldstein/plain-110</a>'
    beside = extension.linked("book/claims", "public/robertkoller/plain-20")
    assert beside.endswith(
        f'.csv">public/robertkoller/plain-20</a> (<a href="{table}">final error</a>)'
    )
    measured = extension.linked("book/claims", "public/akamaster/residual-20")
    assert measured == f'<a href="{record}.json">public/akamaster/residual-20</a>'
    assert extension.linked("index", "quick/plain-8-s0") == "quick/plain-8-s0"


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://github.com/someone/fork/", "https://someone.github.io/fork/"),
        ("https://gitlab.com/someone/fork", ""),
    ],
)
def test_only_github_tells_where_the_pages_are(url, base):
    options = {"repository_url": url, "launch_buttons": {}}
    config = SimpleNamespace(html_theme_options=options, html_baseurl="")
    extension.offer_repository(None, config)
    assert config.html_baseurl == base
    assert options["use_repository_button"]


def test_a_figure_that_is_not_drawn_is_replaced_by_its_chapter():
    builder = SimpleNamespace(get_relative_uri=lambda here, there: f"{here} to {there}")
    app, env = SimpleNamespace(builder=builder), SimpleNamespace(docname="book/notes")
    node = nodes.Element(reftarget="fig-paths")
    made = extension.not_drawn(app, env, node, nodes.Text("figure"))
    assert made["refuri"] == "book/notes to notebooks/02_residual_reformulation"
    assert made.astext() == "figure"
    node["reftarget"] = "fig-of-nobody"
    assert extension.not_drawn(app, env, node, nodes.Text("figure")) is None


def test_verdicts_are_told_to_search_engines():
    script = extension.reviews("../")
    told = json.loads(
        script.removeprefix('<script type="application/ld+json">').split("</script>")[0]
    )
    assert [one["url"] for one in told] == [f"../book/claims.html#claim-{c.id}" for c in CLAIMS]
    assert {one["@type"] for one in told} == {"ClaimReview"}
    assert script.count("<") == 2
