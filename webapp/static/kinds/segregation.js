// Says beside each count by how much it differs; a blind count has nothing to compare with.
import { countScans, enterMovesOn } from "./scans.js";

export function attach(field) {
  countScans(field);
  enterMovesOn(field);
  for (const row of field.querySelectorAll("[data-count-row]")) {
    const expected = row.querySelector("[data-expected]");
    const input = row.querySelector("input.short");
    const said = row.querySelector("[data-difference]");
    if (!expected) continue;
    const update = () => {
      const difference = Number(input.value) - Number(expected.textContent);
      const differs = input.value.trim() !== "" && difference !== 0 && !Number.isNaN(difference);
      const sign = difference > 0 ? "+" : "−";
      said.textContent = differs ? ` ${said.dataset.difference.replace("%(count)s", sign + +Math.abs(difference).toFixed(6))}` : "";
    };
    input.addEventListener("input", update);
    update();
  }
}
