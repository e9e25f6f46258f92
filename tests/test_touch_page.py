"""Touch the identity, used as a reader would: from disk and from a server."""

import subprocess
import sys

import pytest
import torch
from browser import SIZES, served, watched
from bs4 import BeautifulSoup

from companion.site import networks, touch
from companion.site.packages import PackageError
from residual.batches import normalise
from residual.models import build
from residual.store import ROOT, digest

STATIC = ROOT / "book" / "_static"
CONF = f"""
extensions = ["myst_parser", "companion.site"]
html_theme = "basic"
html_static_path = [{str(STATIC)!r}]
html_favicon = {str(STATIC / "logo.svg")!r}
"""


def soup(path):
    return BeautifulSoup(path.read_text("utf-8"), "html.parser")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A little site with the page; its folder."""
    try:
        networks.runtime()
    except PackageError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("project")
    (folder / "conf.py").write_text(CONF)
    text = "# Touch\n\n```{touch-identity}\n```\n\n```{touch-files}\n```\n"
    (folder / "index.md").write_text("# Front\n\n```{toctree}\nbook/touch\n```\n")
    (folder / "book").mkdir()
    (folder / "book" / "touch.md").write_text(text)
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "-q", "-b", "html", "."]
    subprocess.run([*command, "out"], cwd=folder, check=True)
    return folder / "out"


def test_only_the_page_itself_loads_its_scripts(built):
    front, page = (soup(built / name) for name in ("index.html", "book/touch.html"))
    assert not front.select("script[src*=touch]")
    assert len(page.select("script[src*='touch'][defer]")) == len(touch.SCRIPTS)
    assert page.select_one("noscript").get_text().strip()


def test_the_files_to_download_are_those_of_the_table(built):
    found, _ = networks.shown()
    rows = soup(built / "book" / "touch.html").select("table tbody tr")
    assert len(rows) == len(found)
    for row, network in zip(rows, found):
        file = (built / "book" / row.a["href"]).read_bytes()
        assert file == network.onnx
        assert digest(file) in row.get_text()
        assert (built / "book" / row.select("a")[1]["href"]).is_file()


@pytest.fixture(scope="module", params=["file", "server"])
def opened(request, built, browser):
    """The page after its network has answered, from disk and from a server; and the visit."""
    with served(built) as address:
        home = f"{built.as_uri()}/" if request.param == "file" else address
        page = browser.new_page(viewport=SIZES["desktop"])
        with watched(page) as visit:
            page.goto(f"{home}book/touch.html")
            page.wait_for_selector(".touch[data-ready]", timeout=60_000)
            yield page, visit, home
        page.close()


ANSWER = """async (alpha) => {
    const { touch } = document.querySelector('.touch');
    return touchEngine.run(touch.network.session, touch.input, alpha);
}"""
DONE = "() => !document.querySelector('.touch').touch.busy"
FOUND = "() => document.querySelector('.touch').touch.found"


def press(page, name):
    """Use a button, and wait for the answer."""
    page.get_by_role("button", name=name, exact=True).click()
    page.wait_for_function(DONE)


@pytest.fixture(scope="module")
def model_and_images():
    """The network that is shown first, rebuilt in PyTorch, and the images as its input."""
    found, images = networks.shown()
    run = found[0].run
    model = build(run.recipe.kind, run.recipe.depth, channels=images.mean.shape[2])
    model.load_state_dict(run.weights())
    tensors = normalise(torch.from_numpy(images.images), torch.from_numpy(images.mean))
    return model.eval(), tensors, images


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


def test_the_browser_computes_what_pytorch_computes(opened, model_and_images):
    page, _, _ = opened
    model, x, _ = model_and_images
    blocks = len(model.blocks)
    random = torch.rand(blocks, generator=torch.Generator().manual_seed(5)).tolist()
    for alpha in ([1.0] * blocks, [0.0] * blocks, random):
        found = torch.tensor(page.evaluate(ANSWER, alpha)["logits"]).reshape(-1, 10)
        assert (found - with_factors(model, x, alpha)).abs().max() <= 1e-4


def test_the_page_shows_the_predictions(opened, model_and_images):
    page, _, _ = opened
    model, x, images = model_and_images
    press(page, "Reset")
    predicted = model(x).argmax(1).tolist()
    tiles = page.locator(".touch-tiles li")
    assert tiles.locator(".truth").all_inner_texts() == [images.names[i] for i in images.labels]
    shown = [text.split()[0] for text in tiles.locator(".answer").all_inner_texts()]
    assert shown == [images.names[i] for i in predicted]
    right = sum(p == i for p, i in zip(predicted, images.labels.tolist()))
    assert f"{right} of these {len(predicted)} images" in page.inner_text(".touch-summary")


def test_at_zero_no_block_responds_and_none_changes_its_shortcut(opened):
    page, _, _ = opened
    press(page, "α = 0")
    found = page.evaluate(FOUND)
    assert not any(found["response"] + found["ratio"] + found["change"])
    assert page.input_value("#touch-alpha") == "0"
    press(page, "Reset")
    assert all(page.evaluate(FOUND)["response"])


def test_deleting_a_block_changes_the_blocks_behind_it_alone(opened):
    page, _, _ = opened
    press(page, "Reset")
    before = page.evaluate(FOUND)["response"]
    page.locator(".touch-chip").nth(4).click()
    page.wait_for_function(DONE)
    after = page.evaluate(FOUND)["response"]
    assert after[:4] == before[:4]
    assert after[4] == 0
    assert all(now != then for now, then in zip(after[5:], before[5:]))
    assert page.locator(".touch-chip").nth(4).get_attribute("aria-pressed") == "true"
    assert "without block 5" in page.inner_text(".touch-summary")


def test_a_click_into_the_chart_deletes_a_block_and_brings_it_back(opened):
    page, _, _ = opened
    press(page, "Reset")
    before = page.evaluate(FOUND)["response"]
    for expected in (0, before[1]):
        page.locator(".touch-plot .column").nth(1).click()
        page.wait_for_function(DONE)
        assert page.evaluate(FOUND)["response"][1] == expected


def test_the_keyboard_moves_alpha_and_the_summary_is_read_aloud(opened):
    page, _, _ = opened
    press(page, "Reset")
    page.focus("#touch-alpha")
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(DONE)
    assert page.inner_text(".touch output") == "0.99"
    page.wait_for_function(
        "() => document.querySelector('.touch-live').textContent.includes('α = 0.99')"
    )


def test_every_offered_network_can_be_chosen(opened):
    page, _, _ = opened
    for network in reversed(networks.shown()[0]):
        page.select_option("#touch-network", network.name)
        page.wait_for_function(
            "name => document.querySelector('.touch').touch.network.about.name === name",
            arg=network.name,
        )
        page.wait_for_function(DONE)
        blocks = (network.run.recipe.depth - 2) // 2
        assert page.locator(".touch-chip").count() == blocks
        assert page.locator(".touch-plot .column").count() == blocks
        assert network.label in page.inner_text(".touch-summary")


def test_images_are_enlarged_without_smoothing(opened):
    page, _, _ = opened
    canvas = page.locator(".touch-tiles canvas").first
    assert canvas.evaluate("c => getComputedStyle(c).imageRendering") == "pixelated"
    assert canvas.bounding_box()["width"] > canvas.evaluate("c => c.width")


def test_nothing_is_asked_of_another_host_and_nothing_fails(opened):
    _, visit, home = opened
    assert visit.asked
    assert not visit.errors + visit.failed + visit.foreign(home)


@pytest.mark.parametrize("name", ["WebAssembly", "DecompressionStream"])
def test_a_browser_that_cannot_is_told_so_and_loads_nothing(built, browser, name):
    page = browser.new_page()
    page.add_init_script(f"delete globalThis.{name}")
    with watched(page) as visit:
        page.goto((built / "book" / "touch.html").as_uri())
        page.wait_for_selector(".touch-message")
    assert "This browser" in page.inner_text(".touch-message")
    assert "cannot be run here" in page.inner_text(".touch-message")
    assert not [url for url in visit.asked if networks.LOADER in url or "runtime.js" in url]
    assert not visit.errors
    page.close()


def test_without_scripts_the_page_says_what_is_missing(built, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((built / "book" / "touch.html").as_uri())
    assert "needs JavaScript" in page.inner_text("noscript")
    context.close()


def test_a_file_that_is_missing_is_named(built, browser):
    page = browser.new_page()
    page.route("**/touch/runtime.js", lambda route: route.abort())
    with served(built) as address:
        page.goto(f"{address}book/touch.html")
        page.wait_for_function("() => document.body.innerText.includes('could not be run')")
    assert "runtime.js" in page.inner_text(".touch-message")
    page.close()
