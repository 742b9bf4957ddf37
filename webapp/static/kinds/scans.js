// Boxes to scan or paste into: counts the lines and says at once when one comes twice.
export function countScans(root) {
  for (const box of root.querySelectorAll("[data-scan]")) {
    if (box.counted) continue;
    box.counted = true;
    const said = box.parentElement.querySelector("[data-scan-count]");
    const update = () => {
      const lines = scanned(box);
      const twice = lines.find((line, place) => lines.indexOf(line) !== place);
      said.hidden = !lines.length;
      said.textContent = [
        box.dataset.count.replace("%(count)s", new Set(lines).size),
        twice ? box.dataset.twice.replace("%(text)s", twice) : "",
      ].join(" ").trim();
    };
    box.addEventListener("input", update);
    update();
  }
}

// A scanner ends with Enter: in a count it goes on to the next one and does not send the form
export function enterMovesOn(field) {
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || !event.target.matches("input.short")) return;
    event.preventDefault();
    const all = [...field.querySelectorAll("input.short")];
    all[all.indexOf(event.target) + 1]?.focus();
  });
}

export const scanned = (box) => box.value.split(/[\n;\t]+/).map((line) => line.trim()).filter(Boolean);
