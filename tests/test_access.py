"""For every reader: no fault that axe-core knows of, and all of it by keyboard."""

import pytest
from browser import SIZES, opened, settle
from test_book import PAGES

from companion.site.packages import AXE, member

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AT_REST = "*, ::before, ::after { transition: none !important; animation: none !important; }"
FAULTS = """async (tags) => {
    const found = await axe.run({runOnly: {type: 'tag', values: tags}});
    return found.violations.map(v => `${v.id}: ${v.nodes.map(n => n.html).slice(0, 3).join(' ')}`);
}"""
WAYS = [
    ("light", "phone"),
    ("dark", "desktop"),
    pytest.param("light", "desktop", marks=pytest.mark.slow),
    pytest.param("dark", "phone", marks=pytest.mark.slow),
]
CONTROLS = """[...document.querySelectorAll('a[href], button, summary, input, select')]
    .filter(e => e.checkVisibility({visibilityProperty: true, opacityProperty: true}))
    .filter(e => !e.closest('[inert]') && e.tabIndex >= 0)
    .filter(e => e.type !== 'radio' || e.checked)"""
WATCH_FOCUS = """() => {
    window.controls = CONTROLS;
    window.steps = [];
    addEventListener('focusin', ({target}) => {
        const style = getComputedStyle(target);
        const marked = style.outlineStyle !== 'none' || style.boxShadow !== 'none';
        const seen = marked && style.opacity !== '0';
        window.steps.push({target, seen});
    });
}""".replace("CONTROLS", CONTROLS)
LEFT_OUT = """() => window.controls.filter(e => !window.steps.some(s => s.target === e))
    .map(e => e.outerHTML.slice(0, 200))"""
UNSEEN = """() => window.steps.filter(s => !s.seen && s.target !== document.body)
    .map(s => s.target.outerHTML.slice(0, 200))"""


@pytest.mark.parametrize(("theme", "size"), WAYS)
def test_no_page_has_a_fault_that_axe_finds(site, browser, theme, size):
    script = member(AXE, "axe.min.js").decode()
    context = browser.new_context(viewport=SIZES[size], color_scheme=theme)
    faults = {}
    for name in (*PAGES, "search", "genindex"):
        page = context.new_page()
        page.goto((site / f"{name}.html").as_uri() + "?q=depth" * (name == "search"))
        settle(page)
        page.add_style_tag(content=AT_REST)
        page.evaluate(script)
        faults |= {f"{name}: {fault}": theme for fault in page.evaluate(FAULTS, TAGS)}
        page.close()
    context.close()
    assert not faults


def test_the_skip_link_leads_to_the_text(site, browser):
    page = opened(browser, site / "index.html")
    page.keyboard.press("Tab")
    link = page.locator("#pst-skip-link a")
    assert link.evaluate("e => e === document.activeElement")
    page.wait_for_function("() => document.activeElement.getBoundingClientRect().y >= 0")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("() => !!document.activeElement.closest('main')")
    page.close()


@pytest.mark.parametrize("size", SIZES)
def test_every_control_is_reached_by_tab_and_shows_it(site, browser, size):
    page = opened(browser, site / "notebooks/01_degradation.html", viewport=SIZES[size])
    page.evaluate(WATCH_FOCUS)
    controls = page.evaluate("() => window.controls.length")
    assert controls > 20
    for _ in range(8 * controls):  # explorers appear on the way, with controls of their own
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement === document.body"):
            break
    assert not page.evaluate(LEFT_OUT)
    assert not page.evaluate(UNSEEN)
    page.close()


def test_arrows_move_within_a_group_of_choices(site, browser):
    page = browser.new_page()
    page.goto((site / "notebooks/01_degradation.html").as_uri())
    choices = page.locator("input[type=radio][name=profile]")
    if not choices.count():
        pytest.skip("the store holds one profile: pages have no switch")
    chosen = page.locator("input[type=radio][name=profile]:checked")
    first = chosen.input_value()
    chosen.focus()
    page.keyboard.press("ArrowDown")
    assert chosen.input_value() != first
    assert chosen.evaluate("e => e === document.activeElement")
    page.close()


def test_code_folds_and_unfolds_by_keyboard(site, browser):
    page = browser.new_page()
    page.goto((site / "notebooks/01_degradation.html").as_uri())
    folded = page.locator("details.hide").first
    folded.locator("summary").focus()
    page.keyboard.press("Enter")
    assert folded.evaluate("e => e.open")
    page.keyboard.press("Space")
    assert not folded.evaluate("e => e.open")
    page.close()
