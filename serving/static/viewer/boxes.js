// Boxes that people draw on a picture, in its pixels: drawn, named, moved at a corner, taken away.

const SVG = "http://www.w3.org/2000/svg";
const SMALLEST = 4; // pixels of the picture; less is a click
const CORNERS = [[0, 1], [2, 1], [2, 3], [0, 3]];

export class Boxes extends EventTarget {
  constructor(viewport) {
    super();
    this.viewport = viewport;
    this.all = [];
    this.others = [];
    this.chosen = null;
    this.layer = element("svg", { class: "layer boxes", "aria-hidden": "true" });
    viewport.addEventListener("ready", () => {
      const { rows, columns } = viewport.picture;
      this.layer.setAttribute("viewBox", `0 0 ${columns} ${rows}`);
      viewport.figure.append(this.layer);
    });
    viewport.addEventListener("drawn", () => this.scaled());
  }

  /** Take a box that a form holds already. */
  add(corners, name = "") {
    const box = { corners: [...corners], name, number: this.all.length + 1 };
    this.all.push(box);
    this.render();
    return box;
  }

  /** Show a box of somebody else, which stays as it is. */
  show(corners, name) {
    this.others.push({ corners, name });
    this.render();
  }

  begin(at, target) {
    const handle = target.closest?.("[data-corner]");
    if (handle !== null && handle !== undefined && this.chosen !== null) {
      const [across, down] = CORNERS[Number(handle.dataset.corner)];
      this.open = { box: this.chosen, across, down, fresh: false, was: [...this.chosen.corners] };
      return;
    }
    const box = this.add([at.x, at.y, at.x, at.y]);
    this.open = { box, across: 2, down: 3, fresh: true };
    this.chosen = box;
  }

  move(at) {
    const { box, across, down } = this.open;
    box.corners[across] = clamp(at.x, this.viewport.picture.columns);
    box.corners[down] = clamp(at.y, this.viewport.picture.rows);
    this.render();
  }

  end(kept) {
    const { box, fresh, was } = this.open;
    this.open = null;
    if (!kept && !fresh) box.corners = was;
    box.corners = ordered(box.corners, this.viewport.picture);
    const [x0, y0, x1, y1] = box.corners;
    if (fresh && (!kept || Math.min(x1 - x0, y1 - y0) < SMALLEST)) {
      this.chosen = this.at({ x: x0, y: y0 }, box);
      this.all = this.all.filter((one) => one !== box);
      this.render();
      return;
    }
    this.render();
    this.dispatchEvent(new CustomEvent(fresh ? "added" : "changed", { detail: box }));
  }

  /** Return the smallest other box around a point. */
  at({ x, y }, but) {
    const around = this.all.filter(({ corners: [x0, y0, x1, y1] }) => x >= x0 && x <= x1 && y >= y0 && y <= y1);
    return around.filter((box) => box !== but).sort((one, other) => area(one) - area(other))[0] ?? null;
  }

  /** Take the chosen box away; it can be put back by `restore`. */
  remove(box = this.chosen) {
    if (box === null) return;
    this.all = this.all.filter((one) => one !== box);
    this.chosen = null;
    this.render();
    this.dispatchEvent(new CustomEvent("removed", { detail: box }));
  }

  restore(box) {
    this.all.push(box);
    this.chosen = box;
    this.render();
    this.dispatchEvent(new CustomEvent("changed", { detail: box }));
  }

  name(box, name) {
    box.name = name;
    this.render();
  }

  render() {
    this.all.forEach((box, place) => { box.number = place + 1; });
    const others = this.others.map((box) => this.outlined(box, "box other", box.name));
    this.layer.replaceChildren(...others, ...this.all.map((box) => this.drawn(box)));
    this.scaled();
  }

  drawn(box) {
    const said = box.name ? `${box.number} ${box.name}` : `${box.number}`;
    const group = this.outlined(box, box === this.chosen ? "box chosen" : "box", said);
    if (box === this.chosen) {
      const [x0, y0, x1, y1] = ordered(box.corners, this.viewport.picture);
      const ends = [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
      ends.forEach(([x, y], corner) => group.append(element("rect", { x, y, class: "handle", "data-corner": corner })));
    }
    return group;
  }

  outlined({ corners }, kind, said) {
    const [x0, y0, x1, y1] = ordered(corners, this.viewport.picture);
    const place = { x: x0, y: y0, width: x1 - x0, height: y1 - y0 };
    const group = element("g", { class: kind });
    group.append(element("rect", { ...place, class: "halo" }), element("rect", { ...place, class: "line" }));
    const label = element("text", { x: x0, y: y0, class: "label" });
    label.textContent = said;
    group.append(label);
    return group;
  }

  /** Keep lines, labels and handles at one size whatever the zoom. */
  scaled() {
    if (!this.viewport.ready) return;
    const by = 1 / this.viewport.view.scale;
    this.layer.style.setProperty("--by", `${by}`);
    for (const label of this.layer.querySelectorAll(".label")) {
      label.setAttribute("font-size", `${13 * by}`);
      label.setAttribute("dy", `${-5 * by}`);
    }
    for (const handle of this.layer.querySelectorAll(".handle")) {
      handle.setAttribute("width", `${8 * by}`);
      handle.setAttribute("height", `${8 * by}`);
      handle.setAttribute("transform", `translate(${-4 * by} ${-4 * by})`);
    }
  }
}

/** Return corners as a form holds them: whole pixels. */
export function written({ corners }) {
  return corners.map((corner) => Math.round(corner)).join(",");
}

function ordered([x0, y0, x1, y1], { rows, columns }) {
  const across = [clamp(x0, columns), clamp(x1, columns)].sort((one, other) => one - other);
  const down = [clamp(y0, rows), clamp(y1, rows)].sort((one, other) => one - other);
  return [across[0], down[0], across[1], down[1]];
}

function clamp(value, most) {
  return Math.min(Math.max(value, 0), most);
}

function area({ corners: [x0, y0, x1, y1] }) {
  return (x1 - x0) * (y1 - y0);
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, `${value}`);
  return made;
}
