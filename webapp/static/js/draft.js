// Saves what was typed as a draft, unchecked, and says when it did or that it could not.
const PAUSE = 1500;

export function attach(form) {
  const said = form.querySelector("[data-saved]");
  let timer, last = typed(form);

  const save = async ({ type } = {}) => {
    const now = typed(form);
    // asked for by its key it is saved even when nothing changed, so that it says so
    if ((now === last && type !== "save") || form.dataset.sending) return;
    say(said, "saving", said?.dataset.saving);
    try {
      const answer = await fetch(form.dataset.draft, { method: "POST", body: new FormData(form), headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(answer.status);
      last = now;
      say(said, "saved", (await answer.json()).words);
    } catch {
      say(said, "failed", said?.dataset.failed);
    }
  };

  const soon = () => { clearTimeout(timer); timer = setTimeout(save, PAUSE); };
  form.addEventListener("save", save);
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
  document.addEventListener("visibilitychange", () => { if (document.hidden) save(); });
}

const typed = (form) => new URLSearchParams([...new FormData(form)].filter(([, v]) => typeof v === "string")).toString();

function say(place, state, words) {
  if (!place) return;
  place.dataset.state = state;
  place.textContent = words;
}
