// What is wider than its place scrolls by itself. Its classes say on which sides there is more, for
// the style sheet to show, and it becomes a stop for the keyboard while there is.
"use strict";
(() => {
  const WIDE = "pre, .cell_output > .output, .pst-scrollable-table-container, .drawing";
  const SLACK = 2; // px: widths are rounded

  const mark = (box) => {
    const hidden = box.scrollWidth - box.clientWidth;
    box.classList.toggle("more-left", box.scrollLeft > SLACK);
    box.classList.toggle("more-right", hidden - box.scrollLeft > SLACK);
    if (hidden > SLACK) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  };

  const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => mark(target)));
  for (const box of document.querySelectorAll(WIDE)) {
    box.addEventListener("scroll", () => mark(box), { passive: true });
    sizes.observe(box);
  }
})();
