"""The editions to go: one EPUB and one HTML file of the whole book, closed and without scripts.

Made-up projects show what a page becomes; the last tests look at the editions of the built site.
"""

import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from browser import settle, watched
from bs4 import BeautifulSoup
from projects import built, soup
from test_book import PAGES
from test_site import SVG

from companion.site import editions, epub, mathml, pages, single
from companion.site.cover import cover

MATH = "{http://www.w3.org/1998/Math/MathML}"
CONF = """
project = "Made up"
author = "Nobody"
extensions = ["myst_nb", "companion.site"]
nb_execution_mode = "off"
myst_enable_extensions = ["dollarmath", "amsmath"]
html_theme = "basic"
myst_heading_anchors = 2
"""
INDEX = """# Front

{term}`thing` and $x^2$ and [there](part/page.md#exercises).

```{editions}
```

```{toctree}
part/page
```

```{glossary}
thing
  A word.
```

## Exercises

One.
"""
PAGE = """# Page

```{figure} picture.svg
:alt: A square.
:name: fig-square

A square, $x^2$.
```

$$
\\frac{a}{b}
$$

[Back](../index.md), [away](https://example.org), <a href="../records/run.json">a record</a>.

<div class="site-only">only there</div><script>go()</script><p onclick="go()">click</p>

| a | b |
|---|---|
| 1 | 2 |

## Exercises

Two.
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A made-up book of two pages, built as editions and as a site."""
    folder = tmp_path_factory.mktemp("book")
    (folder / "part").mkdir()
    (folder / "conf.py").write_text(CONF)
    (folder / "index.md").write_text(INDEX)
    (folder / "part" / "page.md").write_text(PAGE)
    (folder / "part" / "picture.svg").write_text(SVG)
    built(folder, "epub")
    return built(folder).parent


def file_of(project, suffix):
    return project / "editions" / f"{epub.PROJECT}.{suffix}"


def test_links_in_the_one_file_lead_to_the_right_page(project):
    page = soup(file_of(project, "html"))
    ids = [element["id"] for element in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    links = {a.get_text(): a["href"] for a in page.select("article a[href]")}
    assert links["there"] == "#part-page--exercises"
    assert page.find(id="part-page--exercises").find("p").get_text() == "Two."
    assert links["Back"] == "#index"
    assert links["away"] == "https://example.org"
    assert "a record" not in links
    assert "a record" in page.get_text()


def test_the_one_file_holds_its_pictures_and_no_script(project):
    text = file_of(project, "html").read_text("utf-8")
    page = BeautifulSoup(text, "html.parser")
    assert [image["src"][:26] for image in page.select("img")] == ["data:image/svg+xml;base64,"]
    assert page.img["alt"] == "A square."
    assert "only there" not in text
    assert not page.select("script, link, [onclick]")
    assert page.select_one("div.scroll > table")
    assert [h.get_text() for h in page.select("h1")] == ["Front"]


def test_formulas_of_the_site_are_left_to_mathjax(project):
    page = soup(project / "html" / "part" / "page.html")
    assert page.select_one("div.math")
    assert not page.find("math")
    assert soup(file_of(project, "html")).select_one(".formula math")


def test_the_landing_page_of_the_site_links_both_with_their_sizes(project):
    page = soup(project / "html" / "index.html")
    for suffix in editions.forms():
        link = page.find("a", href=f"editions/{epub.PROJECT}.{suffix}")
        path = project / "html" / "editions" / f"{epub.PROJECT}.{suffix}"
        assert editions.size(path.stat().st_size) in link.parent.get_text()
    assert "editions/" not in file_of(project, "html").read_text("utf-8")


def test_without_editions_the_landing_page_says_how_to_make_them(tmp_path):
    (told,) = editions.list_of(tmp_path, "index")
    assert "residual book" in told.astext()


def test_the_epub_is_a_sound_archive(project):
    with zipfile.ZipFile(file_of(project, "epub")) as archive:
        entries = archive.infolist()
        assert (entries[0].filename, entries[0].compress_type) == ("mimetype", zipfile.ZIP_STORED)
        assert archive.read("mimetype") == b"application/epub+zip"
        assert {entry.date_time for entry in entries} == {epub.FIRST}
        names = {entry.filename for entry in entries}
        package = ElementTree.fromstring(archive.read("content.opf"))
        items = {item.get("href"): item for item in package.iter() if item.tag.endswith("}item")}
        assert set(items) | {"mimetype", "content.opf", "META-INF/container.xml"} == names
        for name in [name for name in names if name.endswith(".xhtml")]:
            root = ElementTree.fromstring(archive.read(name))
            formulas = next(root.iter(f"{MATH}math"), None) is not None
            assert formulas == ("mathml" in items[name].get("properties", "")), name
        assert items[epub.COVER].get("properties") == "cover-image"
        told = archive.read("content.opf").decode()
        assert 'linear="no"' not in told
        assert re.search(r"urn:uuid:[0-9a-f-]{36}", told)
        assert "part/page.xhtml" in archive.read("nav.xhtml").decode()


def test_links_of_the_epub_stay_inside(project):
    with zipfile.ZipFile(file_of(project, "epub")) as archive:
        page = BeautifulSoup(archive.read("part/page.xhtml"), "html.parser")
    assert [a["href"] for a in page.select("a[href]")] == ["../index.xhtml", "https://example.org"]
    assert page.html["lang"] == page.html["xml:lang"] == "en"


@pytest.mark.parametrize(
    "tex",
    [
        r"H(x) = F(x) + x",
        r"\lVert F(x)\rVert / \lVert x\rVert",
        r"\gamma_2 = \beta_2 = 0",
        r"\operatorname{std}\left(\frac{1}{n}\sum_{i=1}^{n} x_i^2\right)",
        r"\begin{align}a &= b\\ c &= d\end{align}",
        r"\begin{aligned}a &= b\\ c &= d\end{aligned}",
        r"\frac{\partial L}{\partial x_l} = \mathbb{E}\left[\prod_i (1 + F_i')\right]",
    ],
)
def test_formulas_become_well_formed_mathml(tex):
    root = ElementTree.fromstring(mathml.mathml(tex, "block"))
    assert root.tag == f"{MATH}math"
    assert root.get("display") == "block"
    assert "&" not in "".join(root.itertext())


@pytest.mark.parametrize("tex", [r"\unheard{x}", r"\left( x"])
def test_a_formula_that_cannot_be_converted_is_refused(tex):
    with pytest.raises(mathml.FormulaError):
        mathml.mathml(tex, "inline")


def test_the_cover_is_the_same_each_time():
    assert cover("A Title") == cover("A Title") != cover("Another")


@pytest.mark.parametrize(
    ("page", "path", "name"),
    [
        ("index", "book/claims.html", "book/claims"),
        ("notebooks/01", "../book/claims.xhtml", "book/claims"),
        ("book/claims", "status.html", "book/status"),
        ("index", "records/a.json", "records/a.json"),
    ],
)
def test_a_link_names_its_page(page, path, name):
    assert pages.docname_of(page, path) == name


@pytest.mark.parametrize(
    ("count", "words"), [(512, "1 kB"), (99_400, "99 kB"), (3_149_000, "3.1 MB")]
)
def test_sizes_read_as_people_say_them(count, words):
    assert editions.size(count) == words


@pytest.fixture(scope="module")
def whole(site):
    """The book's own HTML file."""
    return site / "editions" / f"{epub.PROJECT}.html"


def test_the_book_in_one_file_is_complete_and_light(whole):
    page = soup(whole)
    assert [article["id"] for article in page.select("main > article")] == [
        single.slug(name) for name in PAGES
    ]
    assert whole.stat().st_size < 7_000_000  # every drawing in two forms
    ids = {element["id"] for element in page.find_all(id=True)}
    inside = [a["href"] for a in page.select("a[href]") if not urlsplit(a["href"]).scheme]
    assert inside
    assert not [href for href in inside if href[0] != "#" or href[1:] not in ids]
    assert all(image["src"].startswith("data:") for image in page.select("img"))
    assert all(image.get("alt", "").strip() for image in page.select("img"))
    assert page.select(".claim [lang=zh]")
    assert page.select("details pre")
    assert not page.find_all(string=re.compile(r"\\\(|\$\$"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_book_in_one_file_opens_on_a_phone_without_scripts(whole, browser, scheme):
    context = browser.new_context(
        viewport={"width": 390, "height": 844},
        color_scheme=scheme,
        offline=True,
    )
    page = context.new_page()
    with watched(page) as visit:
        page.goto(whole.as_uri())
        settle(page)
    wide = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 0
    edges = "() => [...document.images].map(i => i.getBoundingClientRect().right - innerWidth)"
    assert max(page.evaluate(edges)) <= 0
    assert not visit.errors + visit.failed
    assert not visit.foreign(whole.as_uri())
    page.get_by_text("Contents", exact=True).click()
    page.get_by_role("link", name="1. Degradation").first.click()
    assert page.url.endswith("#notebooks-01_degradation")
    context.close()


def test_the_books_epub_is_valid(site):
    program, java = shutil.which("epubcheck"), shutil.which("java")
    if not (program and java):
        pytest.skip("no epubcheck on the path: install Debian's package epubcheck")
    head = Path(program).read_bytes()[:2]
    command = [java, "-jar", program] if head == b"PK" else [program]  # Debian installs the archive
    path = site / "editions" / f"{epub.PROJECT}.epub"
    done = subprocess.run([*command, str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_books_epub_reads_as_xml_and_names_no_file_that_it_has_not(site):
    with zipfile.ZipFile(site / "editions" / f"{epub.PROJECT}.epub") as archive:
        names = set(archive.namelist())
        assert {f"{name}.xhtml" for name in PAGES} <= names
        for name in [name for name in names if name.endswith((".xhtml", ".opf", ".ncx"))]:
            ElementTree.fromstring(archive.read(name))
        text = archive.read("notebooks/01_degradation.xhtml").decode()
    assert 'lang="zh"' in text
    assert "<script" not in text
    assert "<details" in text
