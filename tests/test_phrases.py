"""What the scripts of the site say: each phrase is there, and in the language of the edition."""

import re
import shutil

import pytest
from browser import settle, watched
from stored import store
from test_explorers import project

from companion.site import catalogues, networks, phrases
from companion.site.packages import PackageError
from residual.store import ROOT

STATIC = ROOT / "book" / "_static"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
SPEAKING = {"explorer-*.js": phrases.of_explorers, "touch*.js": phrases.of_touch}


@pytest.mark.parametrize("pattern", SPEAKING)
def test_scripts_and_phrases_know_each_other(pattern):
    text = "".join(path.read_text("utf-8") for path in sorted(STATIC.glob(pattern)))
    known = set(SPEAKING[pattern]())
    assert not set(re.findall(r"phrases\.(\w+)", text)) - known
    assert not {name for name in known if not re.search(rf"\b{name}\b", text)}


def test_no_script_has_words_of_its_own():
    """No sentence in quotes, but for the console."""
    sentence = re.compile(r"""["`'][A-Z][a-z]+ [a-z ]+[.:"`']""")
    lines = [line for path in STATIC.glob("*.js") for line in path.read_text("utf-8").splitlines()]
    assert not [line for line in lines if sentence.search(line) and "console." not in line]


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
    network = "quick/residual-20-s0"
    shutil.copytree(ROOT / "runs" / network, folder / "runs" / network)
    page = ["---", "orphan: true", "---", "# Touch", "", "```{touch-identity}", "```"]
    (folder / "book").mkdir()
    (folder / "book" / "touch.md").write_text("\n".join(page))
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
        page.goto((chinese / "book" / "touch.html").as_uri())
        page.wait_for_selector(".touch[data-ready]", timeout=60_000)
        page.get_by_title("删除第 2 块").click()
        page.wait_for_function("() => !document.querySelector('.touch').touch.busy")
        assert "去掉第 2 块" in page.inner_text(".touch-summary")
        words = page.locator(".touch :is(label, legend, .touch-key, .touch-summary, summary)")
        assert all(CHINESE.search(text) or text == "α" for text in words.all_text_contents())
        assert "undefined" not in page.locator(".touch-app").inner_html()
    page.close()
    assert not visit.errors + visit.failed


def test_a_browser_that_cannot_is_told_so_in_chinese(chinese, browser):
    page = browser.new_page()
    page.add_init_script("delete globalThis.WebAssembly")
    page.goto((chinese / "book" / "touch.html").as_uri())
    assert page.inner_text(".touch-message").startswith("此浏览器不能运行 WebAssembly")
    page.close()
