"""The content security policy: on every page, and kept by a browser.

That no page breaks its own policy is seen where every page is opened (test_book.py).
"""

import pytest
from bs4 import BeautifulSoup

from companion.site.policy import EXTRA, add_policy

PAGE = """<html><head><meta charset="utf-8"><script>one()</script>
<script type="application/json">{"x": 1}</script></head><body></body></html>"""
INLINE = """() => {
    const script = document.createElement('script');
    script.textContent = 'window.intruder = true';
    document.body.append(script);
    const button = document.createElement('button');
    button.setAttribute('onclick', 'window.intruder = true');
    document.body.append(button);
    button.click();
    return window.intruder;
}"""
FOREIGN = "() => new Promise(done => { const i = new Image(); i.onload = () => done('loaded');"
FOREIGN += " i.onerror = () => done('blocked'); i.src = 'http://127.0.0.1:9/picture.png'; })"


def directives(soup):
    """The policy of a page, by directive."""
    (meta,) = soup.select('meta[http-equiv="Content-Security-Policy"]')
    parts = [part.split() for part in meta["content"].split(";")]
    return {name: sources for name, *sources in parts}


def test_a_script_in_the_page_is_allowed_by_its_digest_and_data_are_not():
    soup = BeautifulSoup(PAGE, "html.parser")
    add_policy(soup, "book/made-up")
    sources = directives(soup)["script-src"]
    assert sources == ["'self'", "'sha256-HR7iaask9daLMRRskMI++QeJtjWDOjyPA6lGzYGzKW4='"]


def test_a_page_with_more_sources_has_them_beside_the_others():
    soup = BeautifulSoup(PAGE, "html.parser")
    add_policy(soup, "book/touch")
    policy = directives(soup)
    assert {"'self'", "'wasm-unsafe-eval'", "blob:"} < set(policy["script-src"])
    assert policy["worker-src"] == ["blob:"]


def test_every_page_has_a_policy_before_all_that_it_governs(site):
    pages = (path for path in site.rglob("*.html") if path.parent.name != "editions")
    for path in sorted(pages):  # the edition in one file has a stricter policy of its own
        soup = BeautifulSoup(path.read_text("utf-8"), "html.parser")
        policy = directives(soup)
        first, second = [tag.name for tag in soup.head.find_all(True, recursive=False)][:2]
        assert (first, second) == ("meta", "meta"), path.name
        assert soup.head.find_all("meta")[1].get("http-equiv") == "Content-Security-Policy"
        assert policy["default-src"] == ["'none'"]
        name = path.relative_to(site).with_suffix("").as_posix()
        extra = set(EXTRA.get(name, {}).get("script-src", ()))
        assert {s for s in policy["script-src"] if "sha256" not in s} == {"'self'"} | extra
        assert not [t for t in soup.find_all(True) for a in t.attrs if a.startswith("on")]


@pytest.mark.parametrize("way", ["file", "server"])
def test_the_browser_runs_no_script_that_was_slipped_in(site, browser, address, way):
    home = address if way == "server" else f"{site.as_uri()}/"
    page = browser.new_page()
    page.goto(f"{home}notebooks/01_degradation.html")
    assert page.evaluate(INLINE) is None
    assert page.evaluate(FOREIGN) == "blocked"
    page.close()


def test_printing_from_the_menu_still_works(site, browser):
    page = browser.new_page()
    page.add_init_script("window.print = () => { window.printed = true; }")
    page.goto((site / "index.html").as_uri())
    page.locator(".dropdown-download-buttons > button").click()
    page.locator(".btn-download-pdf-button").click()
    assert page.evaluate("() => window.printed")
    page.close()
