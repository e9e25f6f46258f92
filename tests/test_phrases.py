"""What the scripts of the site say: each phrase is there, and in the language of the edition."""

import re

import pytest
from browser import settle, watched
from stored import store
from test_explorers import project

from residual.paths import ROOT
from residual.site import catalogues, networks, phrases
from residual.site.packages import PackageError

STATIC = ROOT / "book" / "_static"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
SPEAKING = {"explorer-*.js": phrases.of_explorers, "touch*.js": phrases.of_touch}


@pytest.mark.parametrize("pattern", SPEAKING)
def test_scripts_and_phrases_know_each_other(pattern):
    text = "".join(path.read_text("utf-8") for path in sorted(STATIC.glob(pattern)))
    known = set(SPEAKING[pattern]())
    assert not {name for name in re.findall(r"phrases\.(\w+)", text)} - known
    assert not {name for name in known if not re.search(rf"\b{name}\b", text)}


def test_no_script_has_words_of_its_own():
    """Sentences and labels in quotes; names of classes, keys and errors have no space or dot."""
    sentence = re.compile(r"""["`'][A-Z][a-z]+ [a-z ]+[.:"`']""")
    found = {path.name: sentence.findall(path.read_text("utf-8")) for path in STATIC.glob("*.js")}
    assert not {name: told for name, told in found.items() if told}


def test_translations_keep_what_is_filled_in():
    (path,) = [p for p in catalogues.translations() if p.stem == catalogues.DOMAIN]
    for message in catalogues.read(path):
        assert set(re.findall(r"\{\w+\}", message.id or "")) == set(
            re.findall(r"\{\w+\}", message.string or "")
        ), message.id


@pytest.fixture(scope="module")
def chinese(tmp_path_factory):
    """A Chinese site with an explorer and the identity page."""
    try:
        networks.runtime()
    except PackageError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("chinese")
    made = store(folder / "runs", "residual", 8, 10.0, profile="desk")
    (folder / "touch.md").write_text(
        "---\norphan: true\n---\n# Touch\n\n```{touch-identity}\n```\n"
    )
    shows = {"fig-degradation-curves": [made.name], "fig-responses": [made.name]}
    return project(folder, shows, 'language = "zh_CN"\n')


def test_a_chinese_explorer_speaks_chinese(chinese, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 3000})
    with watched(page) as visit:
        page.goto((chinese / "chapter.html").as_uri())
        settle(page)
        page.wait_for_function("() => document.querySelectorAll('figure.explored').length === 2")
        page.get_by_role("button", name="显示静态图").first.wait_for()
        found = page.locator("#fig-responses")
        found.get_by_label("按大小排序").check()
        assert "层，按大小排序" in found.locator("svg").text_content()
        told = found.locator(".explorer-status").text_content()
        assert "共 1 次运行" in told
        labels = page.locator(".explorer :is(legend, .explorer-title, .explorer-readout)")
        assert all(CHINESE.search(text) for text in labels.all_text_contents())
        assert "undefined" not in page.locator("figure").first.text_content()
    page.close()
    assert not visit.errors + visit.failed


def test_a_chinese_identity_page_speaks_chinese(chinese, browser):
    page = browser.new_page()
    with watched(page) as visit:
        page.goto((chinese / "touch.html").as_uri())
        page.locator(".touch-message", has_text="未运行").or_(page.locator(".touch-app")).wait_for()
    page.close()
    assert not visit.errors + visit.failed
