// One picture in one frame: where it lies, through which window it is seen, and what is laid over it.

import { gpuPainter } from "./gpu.js";
import { levelFor, levelsOf } from "./levels.js";
import { plainPainter } from "./plain.js";

const CLOSEST = 16; // view pixels for one pixel of the picture
const SQUARES_FROM = 2; // above 200 % pixels are shown as they are
const NARROWEST = 1;

/** Windows by key, made of the file's own and the range of its values: a radiograph has no absolute units. */
export const PRESETS = [
  (own) => own,
  (own, range) => ({ center: (range.low + range.high) / 2, width: range.high - range.low }),
  (own) => ({ center: own.center - own.width * 0.18, width: own.width * 0.6 }),
  (own) => ({ center: own.center + own.width * 0.18, width: own.width * 0.6 }),
  (own) => ({ center: own.center, width: own.width * 0.5 }),
];

export class Viewport extends EventTarget {
  /** Take a frame with a figure of images, and `data-pixels` that says where their values are. */
  constructor(frame) {
    super();
    this.frame = frame;
    this.figure = frame.querySelector(".film");
    this.ready = false;
    this.inverted = false;
    this.view = { scale: 1, x: 0, y: 0 };
    this.drawn = 0; // how often, for whoever measures
    new ResizeObserver(() => this.resized()).observe(frame);
  }

  /** Fetch all grey levels and draw them; until then, and where it fails, the images stay. */
  async load() {
    const answer = await fetch(this.frame.dataset.pixels, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(`pixels: ${answer.status}`);
    const said = JSON.parse(answer.headers.get("Overread-Picture"));
    const values = new Uint16Array(await answer.arrayBuffer());
    this.show({ ...said, values });
  }

  /** Draw a picture from now on. */
  show(picture) {
    this.picture = picture;
    this.levels = levelsOf(picture);
    this.range = rangeOf(this.levels[this.levels.length - 1], picture);
    this.own = { center: picture.center, width: picture.width };
    this.window = { ...this.own };
    this.canvas = document.createElement("canvas");
    this.figure.prepend(this.canvas);
    this.painter = gpuPainter(this.canvas, this.levels);
    if (this.painter === null) {
      const fresh = document.createElement("canvas"); // a canvas has one kind of context for life
      this.canvas.replaceWith(fresh);
      this.canvas = fresh;
      this.painter = plainPainter(fresh, this.levels);
    }
    this.frame.classList.add("live");
    this.ready = true;
    this.resized();
    this.fit();
    this.dispatchEvent(new Event("ready"));
  }

  get size() {
    return { width: this.frame.clientWidth, height: this.frame.clientHeight };
  }

  get fitting() {
    const { width, height } = this.size;
    return Math.min(width / this.picture.columns, height / this.picture.rows);
  }

  resized() {
    if (!this.ready) return;
    const ratio = window.devicePixelRatio || 1;
    const { width, height } = this.size;
    this.canvas.width = Math.max(1, Math.round(width * ratio));
    this.canvas.height = Math.max(1, Math.round(height * ratio));
    if (this.fits) this.fit();
    this.changed();
  }

  /** Show the whole picture, in the middle. */
  fit() {
    const { width, height } = this.size;
    const scale = this.fitting;
    const { rows, columns } = this.picture;
    this.view = { scale, x: (width - columns * scale) / 2, y: (height - rows * scale) / 2 };
    this.fits = true;
    this.changed();
  }

  /** Enlarge about a point of the frame, which stays where it is. */
  zoom(factor, about) {
    const scale = Math.min(Math.max(this.view.scale * factor, this.fitting / 2), CLOSEST);
    const by = scale / this.view.scale;
    const { x, y } = this.view;
    this.view = { scale, x: about.x - (about.x - x) * by, y: about.y - (about.y - y) * by };
    this.fits = false;
    this.changed();
  }

  pan(dx, dy) {
    this.view.x += dx;
    this.view.y += dy;
    this.fits = false;
    this.changed();
  }

  /** Change the window as a drag of so many view pixels does: sideways its width, up and down its centre. */
  drag(dx, dy) {
    const width = Math.max(this.window.width * Math.exp(dx / 250), NARROWEST);
    this.setWindow({ center: this.window.center + (dy * this.window.width) / 400, width });
  }

  setWindow({ center, width }) {
    this.window = { center, width: Math.max(width, NARROWEST) };
    this.changed();
  }

  preset(number) {
    this.setWindow(PRESETS[number](this.own, this.range));
  }

  invert() {
    this.inverted = !this.inverted;
    this.changed();
  }

  reset() {
    this.inverted = false;
    this.window = { ...this.own };
    this.fit();
  }

  /** Take another viewport's place in the picture, each at its own size. */
  follow(other) {
    const share = other.view.scale / other.fitting;
    const middle = other.toPicture({ x: other.size.width / 2, y: other.size.height / 2 });
    const scale = this.fitting * share;
    const at = {
      x: (middle.x / other.picture.columns) * this.picture.columns,
      y: (middle.y / other.picture.rows) * this.picture.rows,
    };
    this.view = { scale, x: this.size.width / 2 - at.x * scale, y: this.size.height / 2 - at.y * scale };
    this.fits = other.fits;
    this.changed();
  }

  toPicture({ x, y }) {
    return { x: (x - this.view.x) / this.view.scale, y: (y - this.view.y) / this.view.scale };
  }

  changed() {
    if (!this.ready || this.asked) return;
    this.asked = requestAnimationFrame(() => {
      this.asked = 0;
      this.draw();
    });
  }

  draw() {
    if (this.painter.lost()) return;
    const ratio = window.devicePixelRatio || 1;
    const { scale, x, y } = this.view;
    const { number, scale: within } = levelFor(this.levels, scale * ratio);
    const { slope, offset } = this.picture;
    const width = this.window.width / Math.abs(slope);
    this.painter.draw({
      level: number,
      scale: within,
      x: x * ratio,
      y: y * ratio,
      low: (this.window.center - offset) / slope - width / 2,
      width,
      inverted: this.inverted,
      square: scale * ratio > SQUARES_FROM,
    });
    this.drawn += 1;
    for (const layer of this.figure.querySelectorAll(".layer")) {
      layer.style.width = `${this.picture.columns}px`;
      layer.style.height = `${this.picture.rows}px`;
      layer.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    }
    this.dispatchEvent(new Event("drawn"));
  }
}

/** Return the lowest and highest value, in modality units, of a reduced picture. */
function rangeOf(level, { slope, offset }) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of level.values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const ends = [offset + slope * low, offset + slope * high].sort((one, other) => one - other);
  return { low: ends[0], high: Math.max(ends[1], ends[0] + NARROWEST) };
}
