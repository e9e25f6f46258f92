"""The touches that every written page gets, on made-up pages."""

from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from PIL import Image

from companion.site import access, weight
from companion.site.assets import ICON_FONT
from companion.site.figures import SENTENCE


def page(body, head=""):
    return BeautifulSoup(
        f"<html><head><title>T</title>{head}</head><body>{body}</body></html>", "html.parser"
    )


def description(soup):
    return soup.find("meta", attrs={"name": "description"})["content"]


def test_names_are_not_broken_in_a_table_and_sentences_have_room():
    words, sentence = "so many words " * 3, "a " * 60
    row = f"<td class='text-right'>ResNet-20</td><td>{words}</td><td>{sentence}</td>"
    soup = page(f"<article><table><tr>{row}</tr></table></article>")
    access.cells(soup)
    assert [td.get("class") for td in soup("td")] == [["text-right", "short"], None, ["long"]]


def test_a_number_keeps_its_per_cent_sign():
    soup = page("<main><p>From 3 % to <b>12.5 %</b>.</p><pre>3 %</pre><p><code>3 %</code></main>")
    access.units(soup)
    assert [p.get_text() for p in soup("p")] == ["From 3\u00a0% to 12.5\u00a0%.", "3 %"]
    assert soup.pre.get_text() == "3 %"


def test_a_network_s_name_is_not_broken_in_a_sentence():
    told = "From <b>plain-20</b> to plain-56, not <code>plain-8</code>; ResNet-110."
    soup = page(f"<main><p>{told}</p><p>A plain-spoken net.</p></main>")
    access.networks(soup)
    assert [tag.get_text() for tag in soup(class_="network")] == [
        "plain-20",
        "plain-56",
        "ResNet-110",
    ]
    assert soup.p.get_text() == "From plain-20 to plain-56, not plain-8; ResNet-110."


def test_a_page_is_described_by_its_first_whole_sentences():
    first, second = "Depth 3.5 is " + "very " * 10 + "deep.", "So " * 50
    soup = page(f"<article><section><p>{first} {second}</p></section></article>")
    weight.describe(soup)
    assert description(soup) == first


def test_a_description_without_an_end_stops_between_words():
    text = weight.shortened("word " * 60)
    assert len(text) <= weight.LONGEST
    assert text.endswith("word…")


def test_a_page_that_describes_itself_keeps_its_words():
    soup = page("<article><section><p>Other.</p></section></article>")
    soup.head.append(soup.new_tag("meta", attrs={"name": "description", "content": "Own."}))
    weight.describe(soup)
    assert [m["content"] for m in soup("meta")] == ["Own."]


def test_a_title_says_the_books_name_once():
    soup = page("")
    soup.title.string = "Book — Book"
    weight.one_title(soup)
    assert soup.title.string == "Book"
    soup.title.string = "Page — Book"
    weight.one_title(soup)
    assert soup.title.string == "Page — Book"


def test_scripts_wait_and_only_the_search_page_loads_the_index():
    head = '<script src="a.js"></script><script src="searchindex.js?v=1"></script>'
    head += "<script>DOCUMENTATION_OPTIONS.pagename = 'x';</script><script>own()</script>"
    plain = page("", head)
    weight.scripts(plain)
    assert [(s.get("src"), s.get("defer")) for s in plain("script")] == [
        ("a.js", ""),
        (None, None),
    ]
    searching = page('<div id="search-results"></div>', head)
    weight.scripts(searching)
    files = [s["src"] for s in searching("script") if s.get("src")]
    assert files == ["a.js", "_static/texts.js", "_static/search.js", "searchindex.js?v=1"]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('width="72pt" height="36.0pt"', ("96", "48")),
        ('width="8" height="9px"', ("8", "9")),
        ('viewBox="0 0 30 20"', ("30", "20")),
    ],
)
def test_a_drawing_keeps_its_place(tmp_path, attributes, expected):
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}></svg>'
    (tmp_path / "a.svg").write_text(svg)
    soup = page('<img src="a.svg"><img src="data:image/png;base64,">')
    weight.picture_sizes(soup, tmp_path / "page.html")
    drawn, inlined = soup("img")
    assert (drawn["width"], drawn["height"]) == expected
    assert not inlined.get("width")


def test_a_photograph_keeps_its_place(tmp_path):
    Image.new("L", (5, 7)).save(tmp_path / "a.png")
    assert weight.size(Path(tmp_path / "a.png")) == (5, 7)


def test_a_drawing_has_a_place_that_scrolls_and_the_caption_has_not():
    soup = page(
        "<article><figure class='result'><img><div class='explorer'></div><figcaption></figcaption>"
        "</figure><figure class='result'><a href='a.svg'><img></a></figure></article>"
    )
    access.drawings(soup)
    assert [len(place("img")) for place in soup.select("figure > .drawing")] == [1, 1]
    assert soup.select_one("figure > figcaption")
    assert not soup.select(".drawing .explorer")


def test_a_table_of_many_columns_goes_on_into_the_margin():
    box = "<div class='pst-scrollable-table-container'><table class='{}'><thead><tr>{}</tr></thead>"
    lines, words = (f"<td>{'a' * size}</td>" for size in (access.LONG + 1, access.LONG))
    many, few = ("<th>a</th>" * access.MANY_COLUMNS[name] for name in ("table", "results"))
    tables = [("results table", few), ("results", "<th>a</th>"), ("table", few), ("table", many)]
    tables += [("table", few + lines), ("table", few + words), ("table", "<th>a</th>" + lines)]
    soup = page("".join(f"{box.format(*made)}</table></div>" for made in tables))
    access.wide_tables(soup)
    assert [i for i, div in enumerate(soup("div")) if "many-columns" in div["class"]] == [0, 3, 4]
    assert not soup.select(".full-width")  # the theme's script would look for contents


def test_the_contents_draw_back_for_a_wide_table():
    heads = "<th>a</th>" * access.MANY_COLUMNS["results"]
    table = f"<table class='results'><thead><tr>{heads}</tr></thead></table>"
    box = f"<div class='pst-scrollable-table-container'>{table}</div>"
    soup = page(f"<div class='bd-sidebar-secondary'></div>{box}")
    access.wide_tables(soup)
    assert soup.select_one(".full-width.many-columns")


def test_the_icon_font_goes_and_other_rules_stay():
    css = "a{b:c}@font-face{src:url(../vendor/fontawesome/x)}.fa-a:before,.fa-b:before{content:"
    css += '"\\f000"}.fa-solid{line-height:1}'
    assert ICON_FONT.sub("", css) == "a{b:c}.fa-solid{line-height:1}"


@pytest.mark.parametrize(
    ("caption", "parts"),
    [
        ("It rises to 3.5 %. Bold: test.", ("It rises to 3.5 %.", "Bold: test.")),
        ("It rises.", ("It rises.", "")),
        ("No end", ("No end", "")),
    ],
)
def test_a_caption_is_cut_after_its_finding(caption, parts):
    assert SENTENCE.match(caption).groups() == parts


def test_scripts_are_not_fetched_before_what_shows_the_page():
    soup = page("", '<link rel="preload" as="script" href="x.js"><link rel="icon" href="x.svg">')
    weight.no_preloads(soup)
    assert [link["href"] for link in soup("link")] == ["x.svg"]


def test_all_pictures_but_the_first_wait():
    soup = page("<img src='logo.svg'><article><img src='a.svg'><p><img src='b.svg'></p></article>")
    weight.pictures_wait(soup)
    assert [image["src"] for image in soup("img") if image.get("loading") == "lazy"] == ["b.svg"]


def test_only_the_script_that_sets_the_theme_is_replaced():
    theirs = "document.documentElement.dataset.theme = localStorage.getItem('theme') || 'auto';"
    soup = page(
        "", f"<script>{theirs}</script><script>other()</script><script src='x.js'></script>"
    )
    weight.theme_at_once(soup)
    assert [tag.string for tag in soup("script")] == [weight.THEME, "other()", None]


def test_a_figure_has_one_caption():
    soup = BeautifulSoup(
        "<figure><figcaption><p>a</p><figcaption><p>b</p></figcaption></figcaption></figure>",
        "html.parser",
    )
    access.one_caption(soup)
    assert [p.get_text() for p in soup.select("figure > figcaption > p")] == ["a", "b"]
