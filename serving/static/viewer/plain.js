// Draws a picture without WebGL: a table of grey levels for the window, and the nearest pixel of a level.

const OPAQUE = 0xff000000;

/** Return a painter of these levels on a canvas. */
export function plainPainter(canvas, levels) {
  const context = canvas.getContext("2d", { alpha: true });
  const table = new Uint32Array(1 << 16);
  let window = "";
  return {
    name: "2d",
    lost: () => false,
    draw({ level, scale, x, y, low, width, inverted }) {
      const asked = `${low} ${width} ${inverted}`;
      if (asked !== window) fill(table, low, width, inverted);
      window = asked;
      const image = context.createImageData(canvas.width, canvas.height);
      paint(new Uint32Array(image.data.buffer), canvas, levels[level], { table, scale, x, y });
      context.putImageData(image, 0, 0);
    },
  };
}

function fill(table, low, width, inverted) {
  for (let value = 0; value < table.length; value += 1) {
    const share = Math.min(Math.max((value - low) / width, 0), 1);
    const grey = Math.round(255 * (inverted ? 1 - share : share));
    table[value] = OPAQUE | (grey << 16) | (grey << 8) | grey;
  }
}

function paint(into, canvas, { rows, columns, values }, { table, scale, x, y }) {
  const first = Math.max(0, Math.ceil(x - 0.5));
  const last = Math.min(canvas.width, Math.floor(x + columns * scale));
  const from = new Int32Array(canvas.width);
  for (let column = first; column < last; column += 1) {
    from[column] = Math.min(columns - 1, Math.max(0, Math.floor((column + 0.5 - x) / scale)));
  }
  for (let row = 0; row < canvas.height; row += 1) {
    const line = Math.floor((row + 0.5 - y) / scale);
    if (line < 0 || line >= rows) continue;
    const start = line * columns;
    const to = row * canvas.width;
    for (let column = first; column < last; column += 1) into[to + column] = table[values[start + from[column]]];
  }
}
