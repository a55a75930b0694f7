// The tools beside a picture: which one the left button holds, and which switches are on.

export class Toolbar {
  constructor(page) {
    this.page = page;
    this.bar = page.querySelector(".tools");
    this.bar.hidden = false;
    for (const button of this.bar.querySelectorAll("[data-tool]")) {
      button.addEventListener("click", () => this.choose(button.dataset.tool));
    }
    this.choose("window");
  }

  choose(name) {
    this.tool = name;
    for (const { dataset } of this.bar.querySelectorAll("[data-tool]")) this.press(dataset.tool, dataset.tool === name);
    this.page.dataset.tool = name;
  }

  press(name, on) {
    const button = this.button(name);
    button?.classList.toggle("on", on);
    button?.setAttribute("aria-pressed", on);
  }

  /** Do `acts[name]` on a click on the button of that name. */
  on(acts) {
    for (const [name, act] of Object.entries(acts)) this.button(name)?.addEventListener("click", act);
  }

  button(name) {
    return this.bar.querySelector(`[data-tool="${name}"], [data-act="${name}"]`);
  }
}
