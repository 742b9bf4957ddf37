// Keyboard shortcuts: never while typing or composing, and none that signs, sends or rejects.
let go = 0;

const typing = (element) => element?.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], dialog");
const rows = () => [...document.querySelectorAll("[data-item]")];

export function attach(body) {
  const help = document.getElementById("keyboard");
  document.querySelector("[data-keyboard-help]")?.addEventListener("click", (event) => {
    event.preventDefault();
    help.showModal();
  });
  if (body.dataset.keys !== "on") return;

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (Date.now() - go < 1200) {
      go = 0;
      document.querySelector(`[data-go="${CSS.escape(event.key)}"]`)?.click();
      return;
    }
    const act = actions[event.key];
    if (act && act(help) !== false) event.preventDefault();
  });
}

const actions = {
  j: () => move(1),
  k: () => move(-1),
  Enter: () => current()?.querySelector("[data-open]")?.click() ?? false,
  c: () => current()?.querySelector("[data-key=c]")?.click() ?? document.querySelector("[data-page-key=c] button")?.click() ?? false,
  s: () => document.querySelector("form[data-draft]")?.dispatchEvent(new Event("save")) ?? false,
  g: () => { go = Date.now(); },
  "/": () => { const box = document.querySelector("[data-search]"); box?.focus(); box?.select(); },
  "?": (help) => help.showModal(),
};

function current() {
  const at = document.querySelector("[data-item].at");
  return at && (document.activeElement === document.body || at.contains(document.activeElement)) ? at : null;
}

function move(step) {
  const all = rows();
  if (!all.length) return false;
  const place = all.findIndex((row) => row.classList.contains("at"));
  const next = all[Math.min(all.length - 1, Math.max(0, place + step))];
  all.forEach((row) => row.classList.toggle("at", row === next));
  next.querySelector("[data-open]")?.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}
