"""The explorers in a browser, used as a reader would, from disk."""

import json
import os
import re
import subprocess
import sys

import nbformat
import pytest
from browser import SIZES, served, settle, watched
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from stored import STEPS, store, store_peer
from test_site import CONF, PYTHON, SVG, picture

from companion.site import explorers
from companion.site import record_sources as sources
from residual.store import ROOT

FIGURES = (
    "fig-degradation-curves",
    "fig-degradation-depth",
    "fig-responses",
    "fig-responses-peers",
)


def test_data_are_a_script_without_markup():
    text = explorers.script("curves", {"name": "γ"})
    assert re.fullmatch(r"\(globalThis\.explorerData \?\?= \{\}\)\.curves = .*;\n", text)
    assert json.loads(text.split(" = ")[1][:-2]) == {"name": "γ"}


def project(folder, shows, more=""):
    """A project with one chapter that shows figures of these runs; returns the built site."""
    cells = [new_markdown_cell("# Chapter")]
    for label, names in shows.items():
        about = {"label": label, "caption": f"About {label}.", "alt": "Lines.", "runs": names}
        cells.append(new_code_cell("show()", outputs=[picture({"image/svg+xml": SVG}, about)]))
    nbformat.write(new_notebook(cells=cells, metadata=PYTHON), folder / "chapter.ipynb")
    static = ROOT / "book" / "_static"
    (folder / "conf.py").write_text(f"{CONF}html_static_path = [{str(static)!r}]\n{more}")
    (folder / "index.md").write_text(
        "# Front\n\n```{chapter-figure} fig-degradation-curves\n:chapter: chapter\n```\n\n"
        "```{toctree}\nchapter\nplain\n```\n"
    )
    (folder / "plain.md").write_text("# Nothing to explore\n")
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "-q", "-b", "html", ".", "html"]
    environment = os.environ | {"RESIDUAL_EVIDENCE": str(folder / "runs")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "html"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A site with two profiles, three seeds, and one network of others."""
    folder = tmp_path_factory.mktemp("explorers")
    store_runs, names = folder / "runs", []
    levels = {("plain", 8): 10, ("plain", 20): 40, ("residual", 8): 8, ("residual", 20): 6}
    for (kind, depth), level in levels.items():
        for seed in range(3):
            made = store(store_runs, kind, depth, level + seed, profile="quick", seed=seed)
            names.append(made.name)
    store(store_runs, "plain", 14, 12.0, profile="desk")
    theirs = store_peer(store_runs, "someone", "residual", 20).name
    return project(folder, {f: [theirs] if "peers" in f else names for f in FIGURES})


@pytest.fixture
def chapter(built, browser):
    """The chapter, opened from disk, all explorers set up; it must stay without errors."""
    page = browser.new_page(viewport={"width": 1280, "height": 3000})
    with watched(page) as visit:
        page.goto((built / "chapter.html").as_uri())
        settle(page)
        page.wait_for_function("() => document.querySelectorAll('figure.explored').length === 4")
        yield page
    page.close()
    assert not visit.errors + visit.failed


def figure(page, label):
    return page.locator(f"#{label}")


def count(page, label, mark):
    """How many shapes of a kind of mark a figure shows."""
    return figure(page, label).locator(f"svg g[aria-label='{mark}'] > path").count()


def xs(page, label):
    """The first line's shape."""
    return figure(page, label).locator("svg g[aria-label='line'] > path").first.get_attribute("d")


def test_the_explorer_stands_in_place_of_the_drawing_until_asked(chapter):
    found = figure(chapter, "fig-degradation-curves")
    assert found.locator(".explorer svg").count() == 2
    assert not found.locator("img").is_visible()
    found.get_by_role("button", name="Show the static figure").click()
    assert found.locator("img").is_visible()
    assert not found.locator(".explorer svg").first.is_visible()
    found.get_by_role("button", name="Explore this figure").click()
    assert found.locator(".explorer svg").first.is_visible()


def test_at_first_the_figure_s_own_runs_are_chosen(chapter):
    found = figure(chapter, "fig-degradation-curves")
    assert found.locator("select").input_value() == "quick"
    told = found.locator(".explorer-status").text_content()
    assert ": plain-8, ResNet-8, plain-20, ResNet-20 (12 runs)" in told
    theirs = figure(chapter, "fig-responses-peers")
    assert theirs.locator("select").input_value() == "public/someone"
    assert sources.PEERS in theirs.locator(".explorer-status").text_content()


def test_networks_depths_and_seeds_can_be_chosen(chapter):
    label = "fig-responses"
    found = figure(chapter, label)
    assert count(chapter, label, "line") == 4 * (3 + 1)  # three seeds and their mean
    found.get_by_label("each seed").uncheck()
    assert count(chapter, label, "line") == 4
    assert count(chapter, label, "area") == 4
    found.get_by_label("plain").uncheck()
    assert count(chapter, label, "line") == 2
    found.get_by_label("8", exact=True).uncheck()
    assert count(chapter, label, "line") == 1
    assert found.locator("svg g[aria-label='text']").text_content() == "ResNet-20"
    found.get_by_label("20", exact=True).uncheck()
    assert found.locator("svg").count() == 0
    assert found.locator(".explorer-status").text_content() == "Nothing is chosen."


def test_measures_can_be_chosen(chapter):
    found = figure(chapter, "fig-degradation-curves")
    found.get_by_role("checkbox", name="running training error").uncheck()
    assert found.locator(".explorer-picture").count() == 1
    assert found.locator(".explorer-title").text_content() == "test error"


def test_the_order_of_layers_and_the_state_of_the_network_change_the_lines(chapter):
    label = "fig-responses"
    found = figure(chapter, label)
    found.get_by_label("each seed").uncheck()
    original = xs(chapter, label)
    found.get_by_label("sorted by magnitude").check()
    assert xs(chapter, label) != original
    assert "layer, sorted by magnitude" in found.locator("svg").text_content()
    found.get_by_label("original").check()
    assert xs(chapter, label) == original
    found.get_by_label("before training").check()
    assert "before training" in found.locator(".explorer-status").text_content()
    assert found.get_by_label("exact BN").is_disabled()  # none of these runs has it


def test_the_profile_can_be_chosen_and_never_mixes(chapter):
    label = "fig-responses"
    found = figure(chapter, label)
    found.locator("select").select_option("desk")
    assert found.get_by_label("14", exact=True).is_checked()
    assert found.get_by_label("20", exact=True).count() == 0
    assert count(chapter, label, "line") == 1
    assert "desk: CIFAR-10" in found.locator(".explorer-status").text_content()
    found.locator("select").select_option("public/someone")
    assert found.locator("svg g[aria-label='text']").text_content() == "ResNet-20"
    assert found.get_by_label("before training").is_disabled()


def test_a_dot_a_seed_in_error_against_depth(chapter):
    dots = (
        figure(chapter, "fig-degradation-depth")
        .locator("svg")
        .first.locator("g[aria-label='dot'] > circle")
    )
    assert dots.count() == 4 * 3 + 4  # seeds, and the means


AT = """([svg, x, y]) => {
    const box = svg.getBoundingClientRect();
    return [box.x + svg.scale('x').apply(x), box.y + svg.scale('y').apply(y)];
}"""


def test_pointing_tells_value_run_and_record(chapter, built):
    found = figure(chapter, "fig-degradation-curves")
    drawing = found.locator("svg").first
    drawing.scroll_into_view_if_needed()
    place = chapter.evaluate(AT, [drawing.element_handle(), STEPS["test"][0], 62])
    chapter.mouse.move(place[0] - 30, place[1])
    chapter.mouse.move(*place)
    tip = drawing.locator("g[aria-label='tip']")
    tip.locator("text").wait_for()
    lines = [line.strip("\u200b") for line in tip.locator("tspan").all_text_contents()]
    assert lines == ["plain-20", "seed 2", "iteration 2", "62 %"]
    readout = found.locator(".explorer-readout").text_content()
    assert readout.startswith("plain-20, seed 2; iteration 2; test error: 62 %. Record: ")
    link = found.locator(".explorer-readout a")
    assert link.get_attribute("href") == "records/quick/plain-20-s2.json"
    assert (built / "records" / "quick" / "plain-20-s2.json").is_file()


def test_a_mean_names_all_its_runs(chapter):
    found = figure(chapter, "fig-degradation-curves")
    found.get_by_label("each seed").uncheck()
    found.locator(".explorer-picture").first.focus()
    chapter.keyboard.press("ArrowRight")
    readout = found.locator(".explorer-readout")
    assert (
        "plain-8, mean of 3 seeds; iteration 2; test error: 31 %, from 30 to 32"
        in readout.text_content()
    )
    assert readout.locator("a").count() == 3


def test_keys_lead_from_point_to_point(chapter):
    found = figure(chapter, "fig-degradation-curves")
    readout, tip = found.locator(".explorer-readout"), found.locator("g[aria-label='tip'] text")
    found.locator(".explorer-picture").first.focus()
    path = {
        "ArrowRight": ("8", "0", "2"),
        "End": ("8", "0", "4"),
        "ArrowDown": ("8", "1", "4"),
        "Home": ("8", "1", "2"),
        "ArrowUp": ("8", "0", "2"),
        "ArrowLeft": ("8", "0", "2"),  # there is nothing before the first
    }
    for key, reached in path.items():
        chapter.keyboard.press(key)
        told = re.search(r"-(\d+), seed (\d); iteration (\d)", readout.text_content())
        assert told.groups() == reached
        assert tip.count() == 1
    chapter.keyboard.press("Escape")
    assert tip.count() == 0


def test_a_ranked_layer_keeps_its_name(chapter):
    found = figure(chapter, "fig-responses")
    found.get_by_label("sorted by magnitude").check()
    found.locator(".explorer-picture").focus()
    chapter.keyboard.press("ArrowRight")
    chapter.keyboard.press("End")
    assert "layer 7 (3.2), rank 7" in found.locator(".explorer-readout").text_content()


def test_print_shows_the_drawing(chapter):
    chapter.emulate_media(media="print")
    found = figure(chapter, "fig-responses")
    assert found.locator("img").is_visible()
    assert not found.locator(".explorer").is_visible()


def test_without_scripts_the_drawing_is_there_and_nothing_else(built, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((built / "chapter.html").as_uri())
    found = figure(page, "fig-responses")
    assert found.locator("img").is_visible()
    assert not found.locator(".explorer").is_visible()
    context.close()


def test_another_page_starts_with_the_drawing_and_loads_libraries_when_asked(built, browser):
    page = browser.new_page()
    with watched(page) as visit:
        page.goto((built / "index.html").as_uri())
        settle(page)
        assert page.locator("figure img").is_visible()
        assert not [url for url in visit.asked if "/explorer/" in url]
        page.get_by_role("button", name="Explore this figure").click()
        page.locator(".explorer svg").first.wait_for()
        page.locator(".explorer-picture").first.focus()
        page.keyboard.press("ArrowRight")
        link = page.locator(".explorer-readout a").first.get_attribute("href")
    page.close()
    assert link == "records/quick/plain-8-s0.json"
    assert not visit.errors + visit.failed


def test_only_pages_with_an_explorer_load_its_script(built):
    assert "explorer.js" in (built / "chapter.html").read_text("utf-8")
    assert "explorer.js" not in (built / "plain.html").read_text("utf-8")


def test_a_policy_without_eval_is_kept(built, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 3000})
    with served(built) as home, watched(page) as visit:

        def guarded(route):
            policy = "default-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self'"
            answer = route.fetch()
            route.fulfill(
                response=answer, headers=answer.headers | {"content-security-policy": policy}
            )

        page.route("**/chapter.html", guarded)
        page.goto(f"{home}chapter.html")
        page.wait_for_function("() => document.querySelectorAll('figure.explored').length === 4")
    page.close()
    assert not [error for error in visit.errors if "eval" in error]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_shows_it_whole_in_both_themes(built, browser, theme):
    context = browser.new_context(viewport=SIZES["phone"], color_scheme=theme)
    page = context.new_page()
    page.goto((built / "chapter.html").as_uri())
    found = figure(page, "fig-degradation-curves")
    found.scroll_into_view_if_needed()
    found.locator(".explorer svg").first.wait_for()
    widths = [box.bounding_box()["width"] for box in found.locator(".explorer svg").all()]
    assert len(widths) == 2
    assert all(250 < width <= 390 for width in widths)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    found.locator(".explorer-picture").first.focus()
    for key in ("ArrowRight", "End", "ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)
        box = found.locator("g[aria-label='tip'] path").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    page.set_viewport_size({"width": 800, "height": 844})
    page.wait_for_function(
        "w => document.querySelector('.explorer svg').clientWidth != w", arg=widths[0]
    )
    context.close()


def test_a_store_with_one_source_needs_no_choice_of_it(tmp_path, browser):
    name = store(tmp_path / "runs", "plain", 8, 10.0, profile="desk").name
    built = project(tmp_path, {"fig-degradation-curves": [name], "fig-responses": ["quick/none"]})
    page = browser.new_page(viewport={"width": 1280, "height": 3000})
    with watched(page) as visit:
        page.goto((built / "chapter.html").as_uri())
        page.wait_for_function("() => document.querySelectorAll('figure.explored').length === 2")
        assert page.locator(".explorer select").count() == 0
        assert page.get_by_label("each seed").count() == 0
        assert count(page, "fig-responses", "line") == 1  # though the figure's own run is gone
    page.close()
    assert not visit.errors + visit.failed


def test_an_empty_store_leaves_the_drawing(tmp_path, browser):
    built = project(tmp_path, {"fig-degradation-curves": ["quick/none"]})
    page = browser.new_page()
    page.goto((built / "chapter.html").as_uri())
    page.locator(".explorer").wait_for(state="hidden")
    page.wait_for_function("() => document.querySelector('.explorer').hidden")
    assert page.locator("figure img").is_visible()
    page.close()
