"""The built site as a reader meets it: from disk, on a phone, searched, followed, questioned."""

import json
import re
from html import unescape
from urllib.parse import unquote

import pytest
import torch
from browser import SIZES, settle, watched

from companion import ledger, touch
from residual.batches import normalise
from residual.claims import CLAIMS
from residual.store import committed, read

SILENT = ("search.html", "genindex.html")


def pages(site):
    """The pages of the book, by their path in the site."""
    found = [p.relative_to(site).as_posix() for p in site.rglob("*.html")]
    return sorted(p for p in found if p[0] != "_" and not p.startswith(("explorers/", "touch/")))


def text_of(site, page):
    return (site / page).read_text("utf-8")


def test_every_page_opens_from_disk_without_a_fault(site, browser):
    page = browser.new_page(viewport=SIZES["phone"])
    with watched(page) as visit:
        for name in pages(site):
            page.goto((site / name).as_uri())
            settle(page)
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0 or name in SILENT, f"{name} is wider than a phone by {wide} pixels"
            broken = "[...document.images].filter(i => i.complete && !i.naturalWidth).length"
            assert page.evaluate(broken) == 0, name
    assert not visit.errors
    assert not visit.foreign(site.as_uri())
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


def test_the_ledger_shows_every_claim_with_its_records_one_click_away(site):
    text = text_of(site, "book/claims.html")
    for claim in CLAIMS:
        assert f'id="claim-{claim.id}"' in text
        assert claim.chinese in text
    told = json.loads((site / "claims.json").read_text("utf-8"))
    shown = {row["id"]: row["verdict"] for row in told}
    assert shown == {name: v.verdict for name, v in ledger.verdicts("published").items()}
    for name in re.findall(r'href="\.\./records/([^"]+)\.json"', text)[:20]:
        copy = json.loads((site / "records" / f"{name}.json").read_text("utf-8"))
        assert copy == read(committed() / name / "record.json").content


@pytest.mark.parametrize("word", ["退化", "degradation", "identity"])
def test_search_finds_words_of_both_languages(address, browser, word):
    page = browser.new_page()
    page.goto(f"{address}search.html?q={word}")
    page.wait_for_selector("#search-results li a", timeout=20_000)
    page.close()


@pytest.mark.parametrize("name", ["errors", "responses"])
def test_an_explorer_draws_without_network(site, browser, name):
    page = browser.new_page()
    with watched(page) as visit:
        page.goto((site / "explorers" / f"{name}.html").as_uri())
        page.wait_for_selector("canvas, svg.marks", timeout=20_000)
    assert not visit.errors
    assert not visit.foreign(site.as_uri())
    page.close()


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
    run = found[0].run
    model = run.recipe.network(images.mean.shape[2])
    model.load_state_dict(run.weights())
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
            expected = with_factors(model.eval(), x, alpha)
            assert (logits - expected).abs().max() <= 1e-3 * expected.abs().max()
            if not any(alpha):  # every block returns its shortcut, bit for bit
                assert not any(answer["change"])
    assert not visit.errors
    assert not visit.foreign(site.as_uri())
    page.close()
