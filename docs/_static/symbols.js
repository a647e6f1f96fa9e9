// A symbol in an equation and its name in the code light up together, on hover and on touch.
document.addEventListener("DOMContentLoaded", () => {
  const names = new Set(window.lessonSymbols || []);
  for (const span of document.querySelectorAll(".highlight span")) {
    if (span.children.length === 0 && names.has(span.textContent)) {
      span.classList.add("symbol", "symbol-" + span.textContent);
    }
  }
  const nameOf = (target) => {
    const symbol = target.closest && target.closest(".symbol");
    if (!symbol) return null;
    return [...symbol.classList].find((c) => c.startsWith("symbol-"));
  };
  const light = (name) => {
    for (const lit of document.querySelectorAll(".lit")) lit.classList.remove("lit");
    if (!name) return;
    for (const each of document.getElementsByClassName(name)) each.classList.add("lit");
  };
  for (const event of ["mouseover", "click"]) {
    document.addEventListener(event, (e) => light(nameOf(e.target)));
  }
});
