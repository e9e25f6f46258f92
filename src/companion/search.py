"""The search of the site, which finds words of both languages: one way to cut and stem them.

English words are stemmed by Porter's rules. Chinese has no spaces, and no list of words is needed:
the index holds every character and every two that follow each other, and a query is cut into such
twos. Sphinx asks for pages that hold all parts of a query, in Python for the index and in the
browser for the query, so both must cut and stem alike.
"""

import re
from itertools import pairwise

from sphinx.search.en import SearchEnglish

HAN = "\u3400-\u9fff"
PARTS = re.compile(rf"[{HAN}]+|[^\W{HAN}]+")


class BothLanguages(SearchEnglish):
    """English, with the stemmer and stop words of Sphinx, and Chinese."""

    lang = "en_zh"
    language_name = "English and Chinese"
    js_splitter_code = f"""
function splitQuery(query) {{
  const parts = query.match(/[{HAN}]+|(?:(?![{HAN}])[\\p{{L}}\\p{{N}}_])+/gu) || [];
  return parts.flatMap((part) =>
    /^[{HAN}]{{2}}/.test(part) ? [...part].slice(1).map((c, i) => part[i] + c) : [part]);
}}
"""

    def split(self, input: str) -> list[str]:
        """What the index holds of a text: its words, and each one and two Chinese characters."""
        found = []
        for part in PARTS.findall(input):
            han = "\u3400" <= part[0] <= "\u9fff"
            found += [*part, *map("".join, pairwise(part))] if han else [part]
        return [word for word in found if word.lower() not in self.stopwords]

    def word_filter(self, word: str) -> bool:
        """Every stem counts: the browser, too, leaves out words (on), not stems (that of one)."""
        return bool(word)
