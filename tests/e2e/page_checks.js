// Runs inside a page and returns what is wrong with it for somebody who cannot see it, or not well: the cheap
// part of what axe-core checks (names, labels, headings, landmarks, targets, contrast, overflow).
() => {
  const faults = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  const shown = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const what = (element) => element.outerHTML.slice(0, 120).replace(/\s+/g, " ");
  const unseen = (element) => element.closest("[aria-hidden=true], .visually-hidden") !== null;

  if (!document.documentElement.lang) faults.push("<html> has no lang");
  if (!document.title) faults.push("no title");
  for (const landmark of ["header", "main", "footer", "nav"]) {
    if (all(landmark).filter(shown).length === 0) faults.push(`no <${landmark}>`);
  }
  for (const nav of all("nav")) if (!nav.getAttribute("aria-label")) faults.push(`unnamed nav: ${what(nav)}`);

  const headings = all("h1, h2, h3, h4").filter(shown);
  if (headings.filter(({ tagName }) => tagName === "H1").length !== 1) faults.push("not exactly one <h1>");
  headings.reduce((before, heading) => {
    const level = Number(heading.tagName[1]);
    if (level > before + 1) faults.push(`heading skips a level: ${what(heading)}`);
    return level;
  }, 0);

  const ids = all("[id]").map(({ id }) => id);
  for (const id of new Set(ids.filter((one, index) => ids.indexOf(one) !== index))) faults.push(`id twice: ${id}`);
  for (const element of all("[aria-describedby], [aria-labelledby]")) {
    const names = `${element.getAttribute("aria-describedby") ?? ""} ${element.getAttribute("aria-labelledby") ?? ""}`;
    for (const id of names.split(/\s+/).filter(Boolean)) if (!document.getElementById(id)) faults.push(`no id ${id}: ${what(element)}`);
  }

  for (const element of all("a[href], button").filter(shown)) {
    const name = element.getAttribute("aria-label") ?? element.textContent;
    if (!name.trim()) faults.push(`no name: ${what(element)}`);
    if (unseen(element)) faults.push(`can take focus but is hidden: ${what(element)}`);
  }
  for (const input of all("input, select, textarea").filter(shown)) {
    if (!input.labels?.length && !input.getAttribute("aria-label")) faults.push(`no label: ${what(input)}`);
  }
  for (const svg of all("svg").filter((one) => one.parentElement.namespaceURI !== one.namespaceURI)) {
    if (svg.getAttribute("aria-hidden") !== "true" && svg.getAttribute("role") !== "img") faults.push(`svg: ${what(svg)}`);
  }
  for (const element of all("[tabindex]")) if (element.tabIndex > 0) faults.push(`tab order: ${what(element)}`);
  for (const element of all("[style], style, script:not([src])")) faults.push(`inline style or script: ${what(element)}`);

  // WCAG 2.5.8: 24 px, except for links in a line of text.
  for (const element of all("button, input, select, nav a").filter(shown)) {
    const { width, height } = element.getBoundingClientRect();
    if (width < 24 || height < 24) faults.push(`target of ${width.toFixed()} by ${height.toFixed()} px: ${what(element)}`);
  }
  const overflow = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (overflow > 0) faults.push(`wider than the window by ${overflow} px`);

  // WCAG 1.4.3, against the nearest opaque background; text over a drawing is looked at by people.
  const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const background = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const [r, g, b, alpha = 1] = channels(getComputedStyle(one).backgroundColor);
      if (alpha === 1) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest("svg, script, noscript, .visually-hidden, .skip-link") || !shown(element)) continue;
    const style = getComputedStyle(element);
    const [light, dark] = [luminance(channels(style.color)), luminance(background(element))].sort((a, b) => b - a);
    const size = Number.parseFloat(style.fontSize);
    const needed = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < needed) faults.push(`contrast ${ratio.toFixed(2)}: “${walker.currentNode.data.trim().slice(0, 40)}”`);
  }
  return faults;
}
