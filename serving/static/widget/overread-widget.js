// One script tag puts feedback into a foreign page: the element <overread-feedback>, and overread.open(uid).

import { FeedbackCard } from "./card.js";

const NAME = "overread-feedback";

if (!customElements.get(NAME)) {
  customElements.define(NAME, FeedbackCard);
  window.overread = Object.freeze({ open });
  document.addEventListener("overread-open", ({ detail }) => open(detail?.study, detail?.accession));
}

/** Show a study in every card of this page; without a study UID none is open. `accession` is only shown. */
function open(uid, accession = "") {
  for (const card of document.querySelectorAll(NAME)) card.open(uid ?? "", accession);
}
