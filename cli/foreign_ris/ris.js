// The made-up RIS: opening a row of its list tells the widget which study is open, by its UID.

const list = document.querySelector("#list");
const accession = document.querySelector("#accession");
const card = document.querySelector("overread-feedback");

list.addEventListener("click", ({ target }) => open(target.closest("tr")));
list.addEventListener("keydown", ({ key, target }) => key === "Enter" && open(target.closest("tr")));
document.querySelector("#close").addEventListener("click", () => open(null));
card.addEventListener("overread-signed-out", renew);

function open(row) {
  for (const each of list.rows) each.classList.toggle("open", each === row);
  accession.value = row?.dataset.accession ?? "";
  window.overread.open(row?.dataset.uid, row?.dataset.accession);
}

async function renew() {
  card.setAttribute("token", (await (await fetch("/token")).json()).token);
}
