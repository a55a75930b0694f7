// The heatmap over the picture: off, its outline, or filled.

export const MODES = ["off", "contour", "fill"];
const SIDE = 256; // of the longer side
const HALF = 0.5; // of the strongest heat
const INK = [240, 171, 87, 255];

export class Heat extends EventTarget {
  /** Take the image of the heat, and the checkbox that turns it off where there is no script. */
  constructor(image, box) {
    super();
    this.image = image;
    this.box = box;
    this.filled = image.src;
    this.last = "fill";
    image.classList.add("layer");
    box.addEventListener("change", () => this.set(box.checked ? this.last : "off"));
  }

  get mode() {
    return this.box.checked ? this.last : "off";
  }

  next() {
    this.set(MODES[(MODES.indexOf(this.mode) + 1) % MODES.length]);
  }

  set(mode) {
    this.box.checked = mode !== "off";
    if (mode !== "off") {
      this.last = mode;
      this.image.src = mode === "contour" ? (this.outlined ??= outline(this.image)) : this.filled;
      this.image.classList.toggle("contour", mode === "contour");
    }
    this.dispatchEvent(new Event("changed"));
  }

  opacity(share) {
    this.image.style.opacity = `${share}`;
  }
}

/** Return the edge of the warmer half of a heat image, as the address of a picture of the same shape. */
export function outline(image) {
  const canvas = document.createElement("canvas");
  const scale = SIDE / Math.max(image.naturalWidth, image.naturalHeight);
  const width = (canvas.width = Math.round(image.naturalWidth * scale));
  const height = (canvas.height = Math.round(image.naturalHeight * scale));
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0, width, height);
  const seen = context.getImageData(0, 0, width, height);
  let most = 0;
  for (let at = 3; at < seen.data.length; at += 4) most = Math.max(most, seen.data[at]);
  const warm = (x, y) => x >= 0 && y >= 0 && x < width && y < height && seen.data[4 * (y * width + x) + 3] >= HALF * most;
  const made = context.createImageData(width, height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const edge = warm(x, y) && !(warm(x - 1, y) && warm(x + 1, y) && warm(x, y - 1) && warm(x, y + 1));
      if (edge) made.data.set(INK, 4 * (y * width + x));
    }
  }
  context.putImageData(made, 0, 0);
  return canvas.toDataURL();
}
