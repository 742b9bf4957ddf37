// Adds and takes away rows without a round trip; the buttons work without this script too.
export function editRows(field, changed = () => {}) {
  const rows = field.querySelector("[data-rows]");
  const all = () => [...rows.querySelectorAll("[data-row]")];

  rows.querySelector("[data-add-row]").addEventListener("click", (event) => {
    event.preventDefault();
    const last = all().at(-1);
    const next = last.cloneNode(true);
    empty(next);
    last.after(next);
    number(all(), rows.dataset.rows);
    changed(next);
    next.querySelector("input, select, textarea").focus();
  });

  rows.addEventListener("click", (event) => {
    const button = event.target.closest("[data-remove-row]");
    if (!button) return;
    event.preventDefault();
    const row = button.closest("[data-row]");
    const near = row.nextElementSibling?.matches("[data-row]") ? row.nextElementSibling : row.previousElementSibling;
    if (all().length === 1) empty(row);
    else row.remove();
    number(all(), rows.dataset.rows);
    changed(null);
    (all().includes(near) ? near : all()[0]).querySelector("input, select, textarea").focus();
  });
}

function empty(row) {
  for (const control of row.querySelectorAll("input, textarea")) control.value = "";
  for (const list of row.querySelectorAll("select")) list.selectedIndex = 0;
  for (const said of row.querySelectorAll(".wrong")) said.remove();
  for (const part of row.querySelectorAll(".has-problem")) part.classList.remove("has-problem");
  for (const control of row.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
  for (const box of row.querySelectorAll("[data-scan]")) box.counted = false;
  for (const said of row.querySelectorAll("[data-scan-count]")) said.hidden = true;
}

// Names, ids and labels carry the place of the row: `lines-0-quantity`
function number(rows, name) {
  const place = new RegExp(`(^|-|\\s)${name}-\\d+(?=-|$|\\s)`, "g");
  rows.forEach((row, index) => {
    row.setAttribute("aria-label", row.getAttribute("aria-label").replace(/\d+$/, index + 1));
    for (const element of row.querySelectorAll("[id], [name], [for], [aria-describedby], [value]")) {
      for (const attribute of ["id", "name", "for", "aria-describedby"]) rename(element, attribute, place, `$1${name}-${index}`);
      if (element.matches("[data-remove-row]")) {
        element.value = `${name}-${index}`;
        element.querySelector(".hidden-text").textContent = ` ${index + 1}`;
      }
    }
  });
}

function rename(element, attribute, place, name) {
  const text = element.getAttribute(attribute);
  if (text) element.setAttribute(attribute, text.replace(place, name));
}
