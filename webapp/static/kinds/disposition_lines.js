// Lines without a round trip, and how much they take while they are typed.
import { editRows } from "./rows.js";
import { countScans, scanned } from "./scans.js";

export function attach(field) {
  const said = field.querySelector("[data-total]");

  const update = () => {
    let total = 0;
    let known = true;
    for (const row of field.querySelectorAll("[data-row]")) {
      const lot = row.querySelector("select[name$='-lot']")?.value;
      const units = row.querySelector("[data-scan]");
      const quantity = row.querySelector("[data-quantity]");
      // a line is of units or of a lot: only what it needs is shown, unless something is filled in
      quantity.closest(".part").hidden = !quantity.value && (!lot || lot.startsWith("rest:"));
      units.closest(".part").hidden = !units.value.trim() && Boolean(lot);
      // how many are left over only the server can say
      if (lot?.startsWith("rest:")) known = false;
      total += lot ? Number(quantity.value) || 0 : new Set(scanned(units)).size;
    }
    said.hidden = total === 0 || !known;
    said.textContent = said.dataset.total.replace("%(count)s", +total.toFixed(6));
  };

  countScans(field);
  editRows(field, () => { countScans(field); update(); });
  field.addEventListener("input", update);
  field.addEventListener("change", update);
  update();
}
