"use strict";
// The search page: Sphinx's own search, for two languages and for a page opened from disk.

// Results quote from texts.js, since a page opened from disk may not fetch another.
window.fetch = (address) => {
  const name = address.replace(/^\.\//, "").replace(/\.html$/, "");
  const html = `<div role="main">${PAGE_TEXTS[name] || ""}</div>`;
  return Promise.resolve({ text: () => Promise.resolve(html) });
};

// Sphinx does not insist on words shorter than three characters; a pair of Chinese ones counts.
const anyTerms = Search.performTermsSearch;
Search.performTermsSearch = (terms, excluded) => {
  const isShort = (term) => term.length < 3;
  const short = new Set([...terms].filter(isShort));
  const long = new Set([...terms].filter((term) => !isShort(term)));
  if (!short.size || !long.size) return anyTerms(terms, excluded);
  const found = new Set(anyTerms(short, excluded).map(([page]) => page));
  return anyTerms(long, excluded).filter(([page]) => found.has(page));
};

// Said aloud by screen readers: how many pages were found.
if (Search.status) Search.status.setAttribute("role", "status");
