// Elements made one by one: nothing that is shown is ever read as markup.

const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  finding: "M8 1.8 14.2 8 8 14.2 1.8 8Z",
  clear: "M13.3 8A5.3 5.3 0 1 1 2.7 8a5.3 5.3 0 0 1 10.6 0Z",
  slash: "M13.6 8A5.6 5.6 0 1 1 2.4 8a5.6 5.6 0 0 1 11.2 0ZM4.2 11.8l7.6-7.6",
  held: "M8 2 14.6 13.5H1.4ZM8 6.5v3.2M8 11.6h.01",
  clock: "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0ZM8 4.6V8l2.4 1.6",
  tick: "m3 8.6 3.2 3.2L13 4.8",
  cross: "m4 4 8 8M12 4l-8 8",
  near: "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0ZM8 2v12",
  undo: "M5.5 3 2.5 6l3 3M2.5 6H10a3.6 3.6 0 0 1 0 7.2H6",
  out: "M6.6 9.4 13 3M9 3h4v4M12 9v4H3V4h4",
  mark: "M14.6 8A6.6 6.6 0 1 1 1.4 8a6.6 6.6 0 0 1 13.2 0ZM2.6 9.1H5l1.3-3.4 2.2 5.5 1.6-4 .8 1.9h2.6",
};

/** Return an element with attributes and children; text stays text. */
export function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

export function drawn(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

export function icon(name, size = "") {
  const path = drawn("path", name === "finding" ? { d: PATHS[name], fill: "currentColor", stroke: "none" } : { d: PATHS[name] });
  return drawn("svg", { class: `ico ${size}`, viewBox: "0 0 16 16", "aria-hidden": "true" }, path);
}

/** Return a bar with its threshold; `says` is the same in words. */
export function gauge(share, threshold, says) {
  const width = 104;
  const bar = (name, length) => drawn("rect", { class: name, x: 0, y: 4, width: length, height: 6, rx: 3 });
  const tick = drawn("rect", { class: "at", x: width * threshold - 1, y: 0, width: 2, height: 14 });
  const parts = [bar("rail", width), bar("level", width * share), tick];
  return drawn("svg", { class: "gauge", viewBox: `0 0 ${width} 14`, width, height: 14, role: "img", "aria-label": says }, ...parts);
}

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}
