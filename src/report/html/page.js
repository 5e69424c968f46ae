
"use strict";
{
  const form = document.getElementById("filter");
  const field = (id) => document.getElementById(id);
  const cases = [...document.querySelectorAll(".case")];
  const rows = [...document.querySelectorAll("#clauses tbody tr")];
  const texts = new Map();
  const textOf = (element) => {
    if (!texts.has(element)) texts.set(element, element.textContent.toLowerCase());
    return texts.get(element);
  };
  const apply = () => {
    const text = field("text").value.trim().toLowerCase();
    const verdict = field("verdict").value;
    const clause = field("clause").value;
    const fits = (element) => [
      verdict === "" || element.dataset.verdict === verdict,
      clause === "" || element.dataset.clauses.split(" ").includes(clause),
      text === "" || textOf(element).includes(text),
    ].every(Boolean);
    const show = (element) => { element.hidden = !fits(element); return !element.hidden; };
    const left = cases.filter(show).length;
    rows.forEach(show);
    field("none").hidden = left !== 0;
    field("shown").textContent = left + " of " + cases.length + " cases";
  };
  const unfold = (element) => {
    for (let at = element; at; at = at.parentElement) {
      if (at.tagName === "DETAILS") at.open = true;
    }
  };
  const jump = () => {
    let name = location.hash.slice(1);
    try { name = decodeURIComponent(name); } catch { return; }
    const target = document.getElementById(name);
    if (!target) return;
    if (target.closest("[hidden]")) { form.reset(); apply(); }
    unfold(target);
    target.scrollIntoView();
  };
  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", jump);
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    folded.forEach((element) => { element.open = true; });
  });
  addEventListener("afterprint", () => folded.forEach((element) => { element.open = false; }));
  apply();
  jump();
}
