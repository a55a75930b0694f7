// A picture of 16-bit values and its halves: a small view averages pixels instead of skipping them.

/** @typedef {{rows: number, columns: number, values: Uint16Array}} Level */

const SMALLEST = 256;

/** Return a picture and its halves, the largest first, down to a side of a few hundred pixels. */
export function levelsOf(picture) {
  const levels = [picture];
  for (let last = picture; Math.min(last.rows, last.columns) >= 2 * SMALLEST; ) {
    last = halved(last);
    levels.push(last);
  }
  return levels;
}

/** Return the level to draw from, and its scale, where one pixel of the picture takes `scale` of the view. */
export function levelFor(levels, scale) {
  let number = 0;
  while (number + 1 < levels.length && scale * 2 ** (number + 1) <= 1) number += 1;
  return { number, scale: scale * 2 ** number };
}

/** Return means of 2 x 2 values; an odd last row or column is left out. */
export function halved({ rows, columns, values }) {
  const height = rows >> 1;
  const width = columns >> 1;
  const made = new Uint16Array(height * width);
  for (let y = 0, to = 0; y < height; y += 1) {
    for (let x = 0, from = 2 * y * columns; x < width; x += 1, from += 2, to += 1) {
      const below = from + columns;
      made[to] = (values[from] + values[from + 1] + values[below] + values[below + 1] + 2) >> 2;
    }
  }
  return { rows: height, columns: width, values: made };
}
