// The keys of a page: one letter, unless somebody types, and only while they are wanted.

const OFF = "overread.keys-off";

/** Call `actions[key]` on a key press; `always` are those that also work in a field, such as "ctrl+enter". */
export function bindKeys(actions, always = {}) {
  document.addEventListener("keydown", (event) => {
    const name = nameOf(event);
    if (always[name]) return run(event, always[name]);
    if (typing(event.target) || wanted() === false || !actions[name]) return undefined;
    return run(event, actions[name]);
  });
}

/** Say whether single letters are keys; people whose software types for them turn them off. */
export function wanted() {
  return localStorage.getItem(OFF) === null;
}

function want(on) {
  if (on) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, "1");
}

/** Show the page's keys, with the switch that turns single letters off. */
export function help() {
  const dialog = document.querySelector("#keys");
  const box = dialog.querySelector("[name=keys]");
  box.checked = wanted();
  box.onchange = () => want(box.checked);
  dialog.showModal();
}

function run(event, action) {
  if (action(event) !== false) event.preventDefault();
}

function nameOf(event) {
  const held = [event.ctrlKey || event.metaKey ? "ctrl+" : "", event.altKey ? "alt+" : ""].join("");
  const digit = event.altKey && /^Digit(\d)$/.exec(event.code); // with Alt some keyboards type another sign
  return held + (digit ? digit[1] : event.key.toLowerCase());
}

/** Say whether somebody types where a key was pressed. */
export function typing(target) {
  return target instanceof Element && target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, dialog") !== null;
}
