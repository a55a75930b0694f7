// What another program told our server its person has open, asked for while somebody looks.

const EVERY = 2000; // ms

export class Hook {
  isLost = false;

  constructor(card) {
    this.card = card;
    this.look();
  }

  end() {
    this.isOver = true;
    clearTimeout(this.timer);
  }

  async look() {
    if (!document.hidden && this.card.reader) await this.ask();
    if (!this.isOver) this.timer = setTimeout(() => this.look(), EVERY);
  }

  async ask() {
    const { status, said } = await this.card.server.context();
    const wasLost = this.isLost;
    this.isLost = status !== 200;
    if (this.isOver) return;
    if (wasLost !== this.isLost) this.card.draw();
    if (this.isLost || said.at === null || said.at === this.at) return;
    this.at = said.at;
    this.card.open(said.study_instance_uid ?? "");
  }
}
