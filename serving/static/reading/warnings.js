// What is worth a second look before signing: said above the button, which works all the same.

/** Say where the report and what its reader has said, or its class and its text, do not fit. */
export function bindWarnings(page, form, sections) {
  const contradicts = form.querySelector("[data-says=contradicts]");
  const stillNormal = form.querySelector("[data-says=still-normal]");
  const template = form.querySelector("[data-says=template]");
  for (const name of ["input", "change", "filled"]) form.addEventListener(name, look);
  page.addEventListener("htmx:afterSettle", look);
  look();

  function look() {
    const label = form.elements.label.value;
    const said = page.querySelector("#fb-band")?.dataset.said;
    const { isNormal } = sections;
    contradicts.hidden = !said || !label || said === label;
    stillNormal.hidden = label !== "has_finding" || !isNormal;
    if (template) template.hidden = !isNormal || label !== "no_finding";
  }
}
