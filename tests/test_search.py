"""Search in both languages, in Python's index and in the browser's query."""

import json
import subprocess

import pytest
from browser import watched

from companion.site.packages import client
from companion.site.search import SPLITTER, BilingualSearch, text_of

SENTENCE = "Deep 网络的退化 (degradation), ResNet的F(x)与56层; e_1 快捷连接。"
RESULTS = "() => [...document.querySelectorAll('#search-results li')].map(e => e.textContent)"
DONE = "#search-results .search-summary:text-matches('found|did not')"


@pytest.fixture(scope="module")
def language():
    return BilingualSearch({})


def test_chinese_becomes_characters_and_pairs(language):
    assert language.split("恒等映射") == ["恒", "等", "映", "射", "恒等", "等映", "映射"]
    assert language.split("ResNet的响应") == ["ResNet", "的", "响", "应", "的响", "响应"]
    assert language.split("退") == ["退"]


def test_english_is_stemmed_and_chinese_is_not(language):
    assert language.stem("degrade") == language.stem("degradation")
    assert language.stem("响应") == "响应"


def test_a_query_is_split_as_the_index_is(language):
    """Run by Node, since the browser's splitter is a script."""
    node = client()[0] if len(client()) > 1 else "node"
    script = f"{SPLITTER}; console.log(JSON.stringify(splitQuery({json.dumps(SENTENCE)})))"
    result = subprocess.run([node, "-e", script], check=True, capture_output=True, text=True)
    asked = json.loads(result.stdout)
    assert {"Deep", "网络", "退化", "ResNet", "F", "x", "56", "e_1", "快捷", "连接"} <= set(asked)
    assert set(asked) <= set(language.split(SENTENCE))
    whole = {word for word in language.split(SENTENCE) if len(word) == 2 or word.isascii()}
    assert whole <= set(asked)


def test_the_text_of_a_page_keeps_what_results_point_to(tmp_path):
    page = tmp_path / "page.html"
    page.write_text(
        "<main>no<article><section id='a'><h1>One<a class='headerlink'>#</a></h1>"
        "<p>x &lt; <em>y</em>z<!-- no --></p><script>no</script></section></article></main>"
    )
    assert text_of(page) == '<div id="a">One x &lt; yz </div>'


def test_a_term_is_quoted_with_its_definition(tmp_path):
    page = tmp_path / "page.html"
    terms = (
        "<dt id='t'>term</dt><dt id='u'>术语</dt><dd>Says.</dd><dt id='v'>other</dt><dd>Yes.</dd>"
    )
    page.write_text(f"<article><dl class='glossary'>{terms}</dl></article>")
    first = '<div id="t">term <div id="u">术语 Says. </div> </div>'
    assert text_of(page) == f'{first} <div id="v">other Yes. </div>'


def found(page, home, query):
    """The results of a query on the search page, as a reader types it."""
    page.goto(f"{home}search.html")
    page.locator("article form input[name=q], .bd-search-container input[name=q]").fill(query)
    page.keyboard.press("Enter")
    page.wait_for_selector(DONE)
    return page.evaluate(RESULTS)


@pytest.mark.parametrize("way", ["file", "server"])
def test_both_languages_are_found(site, browser, address, way):
    home = address if way == "server" else f"{site.as_uri()}/"
    page = browser.new_page()
    counts = {}
    with watched(page) as visit:
        for query in (
            "退化",
            "恒等映射",
            "响应",
            "快捷连接",
            "射",
            "degrade",
            "degradation",
            "残差 shortcut",
        ):
            results = found(page, home, query)
            counts[query] = len(results)
            assert any("Glossary" in text or "Degradation" in text for text in results), query
        assert found(page, home, "退映") == []
        assert found(page, home, "退化 zymurgy") == []
    page.close()
    assert all(count > 1 for count in counts.values()), counts
    assert not visit.errors + visit.failed


@pytest.mark.parametrize("way", ["file", "server"])
def test_results_quote_the_page(site, browser, address, way):
    home = address if way == "server" else f"{site.as_uri()}/"
    page = browser.new_page()
    found(page, home, "overfitting")
    page.wait_for_selector("#search-results li p.context")
    assert "overfit" in page.locator("#search-results li p.context").first.text_content().lower()
    assert page.locator("#search-results [role=status]").count() == 1
    page.close()
