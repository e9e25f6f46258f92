"""Search in English and Chinese: what becomes a word, and the texts that results quote.

Sphinx does not segment Chinese, so a run of Chinese characters would be one long word. Here it is
indexed as its single characters and its pairs of neighbours; a query of two or more characters
asks for its pairs. English words are stemmed as Sphinx does.
"""

import json
import re
from pathlib import Path

from bs4 import BeautifulSoup, NavigableString, Tag
from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish

CHINESE = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""The blocks of Han characters, as the inside of a character class."""

RUN = re.compile(f"[{CHINESE}]+|[^\\W{CHINESE}]+")

TEXTS = "texts.js"
"""The script below _static that holds the text of every page, for the search page."""

INLINE = {"a", "b", "code", "em", "i", "kbd", "span", "strong", "sub", "sup"}
"""Elements whose text belongs to the word before and after."""

SPLITTER = """
// As in the index: pairs of neighbouring Chinese characters, other words whole.
var splitQuery = (query) => {
  const runs = query.match(/[CHINESE]+|(?:(?![CHINESE])[\\p{L}\\p{N}_])+/gu) || [];
  return runs.flatMap((run) => {
    if (!/^[CHINESE]/u.test(run) || run.length < 2) return [run];
    return [...run.slice(1)].map((character, i) => run[i] + character);
  });
};
""".replace("CHINESE", CHINESE)


class BilingualSearch(SearchEnglish):
    """English with Chinese in between."""

    js_splitter_code = SPLITTER

    def split(self, input: str) -> list[str]:
        """The words of a text; of Chinese, each character and each pair of neighbours."""
        return [word for run in RUN.findall(input) for word in words(run)]


def words(run: str) -> list[str]:
    """What a run of characters of one kind is found by."""
    if not re.match(f"[{CHINESE}]", run):
        return [run]
    return [*run, *(run[i : i + 2] for i in range(len(run) - 1))]


def write_texts(app: Sphinx, error: Exception | None) -> None:
    """Keep the text of every page in one script.

    The search page quotes from it: a page opened from disk may not fetch other pages.
    """
    if error is not None or app.builder.name != "html":
        return
    folder = Path(app.outdir)
    texts = {name: text_of(folder / f"{name}.html") for name in sorted(app.env.found_docs)}
    content = json.dumps(texts, ensure_ascii=False, indent=0)
    (folder / "_static" / TEXTS).write_text(f"const PAGE_TEXTS = {content};\n", "utf-8")


def text_of(path: Path) -> str:
    """The words of a page's article, with the sections and terms that results point to."""
    soup = BeautifulSoup(path.read_text("utf-8"), "html.parser")
    article = soup.select_one("article") or soup.select_one("[role=main]")
    for unwanted in article.select(".headerlink, script, style, details.hide > summary"):
        unwanted.decompose()
    for term in reversed(article.select("dl.glossary > dt")):
        term.extend([" ", term.find_next_sibling().extract()])  # quoted with its definition
    return re.sub(r"\s+", " ", outline(article)).strip()


def outline(tag: Tag) -> str:
    """A tag's text as HTML in which only elements with an id of their own are left."""
    parts = []
    for child in tag.children:
        if isinstance(child, Tag):
            inside, name = outline(child), child.get("id")
            text = f'<div id="{name}">{inside}</div>' if name else inside
            parts.append(text if child.name in INLINE else f"{text} ")
        elif type(child) is NavigableString:
            parts.append(child.output_ready("minimal"))
    return "".join(parts)
