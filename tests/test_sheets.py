"""The style sheets of a site: joined in their order, without rules that nothing can match."""

import pytest
from bs4 import BeautifulSoup

from companion.site.sheets import Sheets

PAGE = """<html><head>{}</head><body>
<main id="content" class="wide page"><p class="note">Text</p></main></body></html>"""


def site(folder, sheets, script="", names=None):
    """A page with these style sheets, in this order, and the site's folder of files."""
    for name, rules in sheets.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(rules)
    (folder / "_static" / "own.js").write_text(script)
    links = "".join(f'<link rel="stylesheet" href="{name}">' for name in names or sheets)
    soup = BeautifulSoup(PAGE.format(links), "html.parser")
    return soup, Sheets(folder / "_static", [soup])


def joined(folder, sheets, script=""):
    """What the page's only style sheet then says."""
    soup, made = site(folder, sheets, script)
    made.join(soup, folder / "page.html")
    (link,) = soup("link")
    return (folder / link["href"]).read_text()


def test_sheets_become_one_in_their_order_and_their_files_are_still_found(tmp_path):
    sheets = {
        "_static/theme/a.css": '@charset "UTF-8";\np{background:url(../dot.png)}',
        "_static/b.css": 'p{background:url("b.png")} p{mask:url(data:image/png;base64,AA)}',
    }
    text = joined(tmp_path, sheets)
    assert text.splitlines() == [
        'p{background:url("dot.png")}',
        'p{background:url("b.png")}',
        "p{mask:url(data:image/png;base64,AA)}",
    ]


def test_a_sheet_that_must_stand_alone_stays_between_the_others(tmp_path):
    sheets = {
        "_static/a.css": "p{}",
        "_static/b.css": "a{}",
        "_static/c.css": '@import "d.css"; p{}',
        "_static/e.css": "i{}",
    }
    soup, made = site(tmp_path, sheets, names=[*sheets, "gone.css"])
    made.join(soup, tmp_path / "page.html")
    first, *others = (link["href"] for link in soup("link"))
    assert (tmp_path / first).read_text() == "p{}\na{}"
    assert [others[0], others[2]] == ["_static/c.css", "gone.css"]


def test_pages_with_the_same_sheets_share_one_from_any_folder(tmp_path):
    soup, made = site(tmp_path, {"_static/a.css": "p{}", "_static/b.css": "a{}"})
    deep = BeautifulSoup(str(soup).replace("_static", "../_static"), "html.parser")
    made.join(soup, tmp_path / "page.html")
    made.join(deep, tmp_path / "deep" / "page.html")
    assert deep.link["href"] == f"../{soup.link['href']}"


@pytest.mark.parametrize(
    "rule",
    [
        "p{color:red}",
        ".note{color:red}",
        "#content .note{color:red}",
        "main.wide.page>p::before{color:red}",
        ".wide:not(.narrow){color:red}",
        ".open .note{color:red}",  # a script's word
        ".bs-tooltip-auto{color:red}",  # made of parts by a script
        "@media print{.note{color:red}}",
        "@font-face{font-family:f}",
        "@keyframes turn{from{top:0}to{top:1px}}",
        ".note{color:red;&:hover{color:blue}}",
    ],
)
def test_a_rule_that_may_match_stays_as_it_is(tmp_path, rule):
    assert joined(tmp_path, {"_static/a.css": rule}, 'node.classList.add("open")') == rule


@pytest.mark.parametrize(
    ("rule", "rest"),
    [
        (".card{color:red}", ""),
        ("#footer p{color:red}", ""),
        (".note.card{color:red}", ""),
        (".card,.note , p.card{color:red}", ".note{color:red}"),
        ("@media print{.card{color:red}}", ""),
        ("@supports (top:0){.card{top:0}.note{top:0}}", "@supports (top:0){.note{top:0}}"),
        ("/* about .note */ .card{}", ""),
    ],
)
def test_a_rule_that_nothing_can_match_goes(tmp_path, rule, rest):
    assert joined(tmp_path, {"_static/a.css": rule}) == rest
