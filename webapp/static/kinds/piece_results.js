// Counts what is judged while it is judged.
export function attach(field) {
  const said = field.querySelector("[data-judged]");
  const update = () => {
    let judged = 0, good = 0, bad = 0;
    const rows = [...field.querySelectorAll("[data-piece]")];
    for (const row of rows) {
      const counts = [...row.querySelectorAll("input.short")].map((input) => input.value.trim());
      const on = row.querySelector("input[type=radio]:checked")?.value;
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
