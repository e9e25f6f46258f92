"""The built site as a reader meets it: from disk, on a phone, searched, followed, questioned."""

import json
import re
from html import unescape
from urllib.parse import unquote

import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from browser import SIZES, settle, watched

from companion import touch
from companion.search import HAN, PARTS, BothLanguages
from residual.batches import normalise
from residual.claims import CLAIMS, judged
from residual.store import ROOT, committed, read

SILENT = ("search.html", "genindex.html")
EXPLORERS = ["explorers/errors.html", "explorers/responses.html"]


def pages(site):
    """The pages of the book, by their path in the site."""
    found = [p.relative_to(site).as_posix() for p in site.rglob("*.html")]
    return sorted(p for p in found if p[0] != "_" and not p.startswith(("explorers/", "touch/")))


def text_of(site, page):
    return (site / page).read_text("utf-8")


NOT_OURS = {
    # docutils calls the list of references a list, and its entries something else.
    "book/references.html": {"aria-required-children"}
}
CONTRAST = {"index.html", "book/claims.html", "book/results.html", "book/deviations.html"}
"""Pages whose contrast is measured: it takes long, and the others have the same colours."""


def faults(page, within="html", contrast=True):
    """Serious and critical violations that axe finds, by rule: the first place of each."""
    rules = {"color-contrast": {"enabled": contrast}}
    options = {"resultTypes": ["violations"], "rules": rules, "preload": False}  # no requests
    page.evaluate(Axe().axe_script)
    run = f"(options) => axe.run({within!r}, options).then((found) => found.violations)"
    found = page.evaluate(run, options)
    grave = [v for v in found if v["impact"] in ("serious", "critical")]
    return {v["id"]: v["nodes"][0]["html"] for v in grave}


def test_every_page_opens_from_disk_on_a_phone_without_a_fault(site, browser):
    page = browser.new_page(viewport=SIZES["phone"])
    with watched(page) as visit:
        for name in pages(site):
            page.goto((site / name).as_uri())
            settle(page)
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0 or name in SILENT, f"{name} is wider than a phone by {wide} pixels"
            broken = "[...document.images].filter(i => i.complete && !i.naturalWidth).length"
            assert page.evaluate(broken) == 0, name
            found = faults(page, contrast=name in CONTRAST)
            assert found.keys() <= NOT_OURS.get(name, set()), f"{name}: {found}"
    assert not visit.errors
    assert not visit.foreign(site.as_uri())
    page.close()


def test_contrast_is_enough_in_dark_mode(site, browser):
    page = browser.new_page(viewport=SIZES["desktop"], color_scheme="dark")
    for name in [*sorted(CONTRAST), *EXPLORERS]:
        page.goto((site / name).as_uri())
        settle(page)
        assert not faults(page), name
    page.close()


def test_every_link_within_the_site_leads_somewhere(site):
    ids = {}
    for name in pages(site):
        text = text_of(site, name)
        ids[(site / name).resolve()] = set(re.findall(r' id="([^"]+)"', text))
    for name in pages(site):
        for link in re.findall(r'<a[^>]* href="([^"]+)"', text_of(site, name)):
            target, _, anchor = unquote(unescape(link)).partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            path = (site / name).resolve() if not target else (site / name).parent / target
            path = path.resolve()
            assert path.exists(), f"{name}: {link}"
            assert not anchor or path not in ids or anchor in ids[path], f"{name}: {link}"


def test_figures_have_numbers_alt_texts_data_and_records(site):
    text = text_of(site, "notebooks/01_degradation.html")
    figures = re.findall(r"<figure.*?</figure>", text, re.DOTALL)
    assert figures
    for figure in figures:
        assert "caption-number" in figure
        assert len(re.search(r'alt="([^"]*)"', figure)[1]) > 30
        (data,) = re.findall(r'href="\.\./(figures/[^"]+\.csv)"', figure)
        assert (site / data).read_text("utf-8").count("\n") > 1


def test_data_of_figures_and_explorers_have_the_hyphens_of_a_keyboard(site):
    held = [*site.glob("figures/*.csv"), *site.glob("explorers/*.csv")]
    assert len(held) > len(EXPLORERS)
    for path in held:
        assert not re.search("[\u2010-\u2015\u2212\u00a0]", path.read_text("utf-8")), path.name


def test_the_ledger_shows_every_claim_with_its_records_one_click_away(site):
    text = text_of(site, "book/claims.html")
    for claim in CLAIMS:
        assert f'id="claim-{claim.id}"' in text
        assert claim.text["zh"] in unescape(text)
    told = json.loads((site / "claims.json").read_text("utf-8"))
    shown = {row["id"]: row["verdict"] for row in told}
    assert shown == {claim.id: judged(claim.id).verdict for claim in CLAIMS}
    names = re.findall(r'href="\.\./records/([^"]+)\.json"', text)
    assert len(names) > len(CLAIMS)
    for name in names[:20]:
        copy = json.loads((site / "records" / f"{name}.json").read_text("utf-8"))
        assert copy == read(committed() / name / "record.json").content


FOUND = """(queries) => queries.map((query) => {
    const told = Search._performSearch(...Search._parseQuery(query));
    return told.map(([page]) => page);
})"""
"""The pages that Sphinx finds for each query, by the functions that its search page calls."""


@pytest.fixture(scope="module")
def search(address, browser):
    """A function from queries to the pages that the site's search finds for each."""
    page = browser.new_page()
    page.goto(f"{address}search.html")
    page.add_script_tag(url="searchindex.js")
    page.wait_for_function("Search.hasIndex()")
    yield lambda *queries: page.evaluate(FOUND, list(queries))
    page.close()


def queries(text):
    """What a reader may look for in a text: each word, and each piece of Chinese."""
    for part in PARTS.findall(text):
        lengths = (1, 2, 4, len(part)) if re.match(f"[{HAN}]", part) else (len(part),)
        yield from {part[at : at + n] for n in lengths for at in range(len(part) - n + 1)}


def test_search_finds_every_word_of_glossary_and_claims(search):
    glossary = (ROOT / "book" / "glossary.md").read_text("utf-8")
    told = [re.sub("{cite:.}`.*?`|language-zh", "", glossary)]
    told += [text for claim in CLAIMS for text in claim.text.values()]
    words = sorted({word for text in told for word in queries(text)})
    left_out = BothLanguages.stopwords  # and bare numbers, by Sphinx
    words = [word for word in words if word.lower() not in left_out and not word.isdigit()]
    assert len(words) > 1000
    lost = [word for word, pages in zip(words, search(*words)) if not pages]
    assert not lost


ASKED = ["decay", "why", "stay", "exactly", "hardly", "replay", "34 层", "正则化", "一个数量级"]
ASKED += ["优化困难", "cite", "citation", "BibTeX", "weight decays", "Veit", "梯度消失 plain-56"]
ASKED += ["Recipe", "Network.features", "证实了残差学习的假设", "预条件"]


def test_search_finds_what_readers_looked_for(search):
    assert not [query for query, pages in zip(ASKED, search(*ASKED)) if not pages]
    assert not any(search("zebra", "斑马"))


@pytest.mark.parametrize(
    "word", ["退化", "恒等映射", "过拟合", "残差块", "degradation", "identity"]
)
def test_search_shows_words_of_both_languages_beyond_the_glossary(address, browser, word):
    page = browser.new_page()
    page.goto(f"{address}search.html?q={word}")
    page.wait_for_selector("#search-results a[href*='notebooks/']", timeout=20_000)
    page.close()


MARKS = "() => document.querySelectorAll('svg.marks path[aria-roledescription]').length"


@pytest.mark.parametrize("name", EXPLORERS)
def test_an_explorer_answers_the_keyboard_on_a_phone_and_without_network(site, browser, name):
    page = browser.new_page(viewport=SIZES["phone"])
    with watched(page) as visit:
        page.goto((site / name).as_uri())
        page.wait_for_selector("svg.marks", timeout=20_000)
        assert not faults(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES["phone"]["width"]
        both = page.evaluate(MARKS)
        page.get_by_label("both").focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function(f"({MARKS})() < {both}")
        page.get_by_role("link", name="The results").click()
        assert page.url.endswith("book/results.html")
    assert (site / name).with_suffix(".csv").read_text("utf-8").count("\n") > 100
    assert not visit.errors
    assert not visit.foreign(site.as_uri())
    page.close()


def test_every_page_has_a_title_a_description_and_a_picture_for_previews(site):
    titles = []
    for name in set(pages(site)) - set(SILENT):
        text = text_of(site, name).split("</head>")[0]
        titles.append(re.search("<title>(.*)</title>", text)[1])
        told = dict(re.findall(r'<meta (?:property|name)="([\w:]+)" content="([^"]*)"', text))
        told |= {v: k for k, v in re.findall(r'<meta content="([^"]*)" name="(\w+)"', text)}
        assert len(told["description"]) > 40, name
        assert told["og:description"], name
        assert "<" not in told["og:title"], name
        assert (site / name).parent.joinpath(told["og:image"]).is_file(), name
    assert len(set(titles)) == len(titles)


ANSWER = """async (alpha) => {
    const { touch } = document.querySelector('.touch');
    return touchEngine.run(touch.network.session, touch.input, alpha);
}"""


@torch.no_grad()
def with_factors(model, x, alpha):
    """Logits with each block's F scaled, by way of the scale and offset of its last BN."""
    kept = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    for factor, block in zip(alpha, model.blocks):
        block.norm2.weight.mul_(factor)
        block.norm2.bias.mul_(factor)
    logits = model(x)
    model.load_state_dict(kept)
    return logits


def test_the_identity_page_computes_what_pytorch_computes(site, browser):
    found, images = touch.shown()
    model = found[0].run.network()
    x = normalise(torch.from_numpy(images.images), torch.from_numpy(images.mean))
    page = browser.new_page(viewport=SIZES["desktop"])
    with watched(page) as visit:
        page.goto((site / "book" / "touch.html").as_uri())
        page.wait_for_selector(".touch[data-ready]", timeout=60_000)
        blocks = len(model.blocks)
        random = torch.rand(blocks, generator=torch.Generator().manual_seed(5)).tolist()
        for alpha in ([1.0] * blocks, [0.0] * blocks, random):
            answer = page.evaluate(ANSWER, alpha)
            logits = torch.tensor(answer["logits"]).reshape(-1, 10)
            expected = with_factors(model, x, alpha)
            assert (logits - expected).abs().max() <= 1e-3 * expected.abs().max()
            if not any(alpha):  # every block returns its shortcut, bit for bit
                assert not any(answer["change"])
    assert not visit.errors
    assert not visit.foreign(site.as_uri())
    page.close()


CONTROLS = ".touch-app :is(select, input, button, .touch-tiles, summary)"
REACHED = """() => {
    const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
    document.activeElement.dataset.reached = "";
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
}"""


def test_the_identity_page_works_by_keyboard(site, browser):
    page = browser.new_page(viewport=SIZES["desktop"])
    page.goto((site / "book" / "touch.html").as_uri())
    page.wait_for_selector(".touch[data-ready]", timeout=60_000)
    page.focus("#touch-network")
    for _ in range(page.locator(CONTROLS).count() - 1):
        page.keyboard.press("Tab")
        assert page.evaluate(REACHED), "the focus cannot be seen"
    assert page.locator(f"{CONTROLS}:not([data-reached])").count() == 1  # where it began
    page.press("#touch-alpha", "ArrowLeft")
    assert page.inner_text(".touch output") == "0.99"
    page.press(".touch-presets [value='0']", "Enter")
    assert page.inner_text(".touch output") == "0.00"
    page.press(".touch-chips button", "Enter")
    page.wait_for_selector(".touch-chips [aria-pressed='true']")
    page.wait_for_function("document.querySelector('.touch-live').innerText.includes('block 1')")
    page.press("#touch-measure", "ArrowDown")
    assert "‖x‖" in page.get_attribute(".touch-plot", "aria-label")
    assert not faults(page, ".touch")
    page.close()
