// Builds DOM nodes. Text always becomes a text node and nothing is parsed as HTML, so what the API
// returns cannot become markup; and no style attribute is written, so the site runs under a CSP
// of `default-src 'self'`.

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";
const FORBIDDEN = new Set(["style", "innerHTML", "outerHTML"]);

export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG_NAMESPACE, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (FORBIDDEN.has(name)) throw new TypeError(`${name} is not allowed here: use a class or child nodes`);
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") {
      for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
    } else if (name === "value" && "value" in element) {
      element.value = value;
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Text for screen readers only. */
export const hidden = (text) => h("span", { class: "visually-hidden" }, text);

/** A unique id, to tie a label or a description to its control. */
let lastId = 0;
export const uniqueId = (prefix) => `${prefix}-${++lastId}`;
