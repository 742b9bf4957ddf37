// Counts what is told while it is told: piece by piece, or scanned into the box of one result.
import { countScans, enterMovesOn, scanned } from "./scans.js";

export function attach(field) {
  countScans(field);
  enterMovesOn(field);
  const box = field.querySelector("[data-scan]");
  const rest = field.querySelector("input[type=checkbox]");
  const said = field.querySelector("[data-judged]");
  const boxed = said.dataset.box;
  const update = () => {
    let judged = 0, good = 0, bad = 0;
    const rows = [...field.querySelectorAll("[data-piece]")];
    const inBox = new Set(box ? scanned(box) : []);
    for (const row of rows) {
      const counts = [...row.querySelectorAll("input.short")].map((input) => input.value.trim());
      const on = counts.length ? undefined : result(row, inBox, boxed, rest?.checked);
      if (on || (counts.length && counts.every(Boolean))) judged += 1;
      good += on ? Number(on === "good") : Number(counts[0]) || 0;
      bad += on ? Number(on === "bad") : Number(counts[1]) || 0;
    }
    said.hidden = judged === 0;
    const facts = { count: judged, all: rows.length, good, bad };
    said.textContent = said.dataset.judged.replace(/%\((\w+)\)s/g, (_, name) => facts[name]);
  };
  field.addEventListener("input", update);
  field.addEventListener("change", update);
  update();
}

function result(row, inBox, boxed, hasRest) {
  if (inBox.has(row.dataset.piece)) return boxed;
  return row.querySelector("input[type=radio]:checked")?.value ?? (hasRest ? other(boxed) : undefined);
}

const other = (result) => (result === "bad" ? "good" : "bad");
