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

export const scanned = (box) => box.value.split(/[\n;\t]+/).map((line) => line.trim()).filter(Boolean);
