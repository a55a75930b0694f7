// What the mouse, a pen or a finger does to a viewport.

const WINDOW = "window";
const PAN = "pan";
const ZOOM = "zoom";
export const BOX = "box";

/** Bind a viewport; `tool()` says what the left button does now, `boxes` draws where that is boxes. */
export function bindPointer(viewport, { tool, spaceHeld, boxes }) {
  const { frame } = viewport;
  let held = null;

  frame.addEventListener("pointerdown", (event) => {
    if (!viewport.ready || event.target.closest("button, a, label, input, .corner.act")) return;
    const kind = kindOf(event, tool(), spaceHeld());
    const at = placeOf(frame, event);
    if (kind === BOX && !boxes) return;
    held = { kind, at, id: event.pointerId };
    frame.setPointerCapture(event.pointerId);
    if (kind === BOX) boxes.begin(viewport.toPicture(at), event.target);
    event.preventDefault();
  });

  frame.addEventListener("pointermove", (event) => {
    if (held === null || event.pointerId !== held.id) return;
    const at = placeOf(frame, event);
    const [dx, dy] = [at.x - held.at.x, at.y - held.at.y];
    if (held.kind === WINDOW) viewport.drag(dx, dy);
    if (held.kind === PAN) viewport.pan(dx, dy);
    if (held.kind === ZOOM) viewport.zoom(Math.exp(-dy / 150), middleOf(frame));
    if (held.kind === BOX) boxes.move(viewport.toPicture(at));
    held.at = at;
  });

  const release = (event) => {
    if (held === null || event.pointerId !== held.id) return;
    if (held.kind === BOX) boxes.end(event.type === "pointerup");
    held = null;
  };
  frame.addEventListener("pointerup", release);
  frame.addEventListener("pointercancel", release);

  frame.addEventListener("wheel", (event) => {
    if (!viewport.ready) return;
    viewport.zoom(Math.exp(-event.deltaY / 500), placeOf(frame, event));
    event.preventDefault();
  }, { passive: false });
  frame.addEventListener("dblclick", () => viewport.ready && tool() !== BOX && viewport.fit());
  frame.addEventListener("contextmenu", (event) => viewport.ready && event.preventDefault());
  frame.addEventListener("auxclick", (event) => event.preventDefault());
}

function kindOf(event, tool, space) {
  if (event.button === 1 || space) return PAN;
  return event.button === 2 ? ZOOM : tool;
}

function placeOf(frame, event) {
  const { left, top } = frame.getBoundingClientRect();
  return { x: event.clientX - left, y: event.clientY - top };
}

function middleOf(frame) {
  return { x: frame.clientWidth / 2, y: frame.clientHeight / 2 };
}
