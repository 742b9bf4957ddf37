// Two minutes before the session ends, says so and offers to stay; the draft is kept either way.
const WARN_BEFORE = 120;
let timer;

export function attach(body) {
  start(Number(body.dataset.sessionEnds));
  const dialog = document.getElementById("session-ends");
  dialog?.querySelector("[data-stay]")?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await fetch(event.target.action, { method: "POST", body: new FormData(event.target), headers: { Accept: "application/json" } });
    if (!answer.ok) return location.reload();
    start((await answer.json()).seconds);
    dialog.close();
    delete event.target.dataset.sending;
  });
}

function start(seconds) {
  clearTimeout(timer);
  if (!seconds) return;
  timer = setTimeout(() => {
    const dialog = document.getElementById("session-ends");
    if (!dialog.open) dialog.showModal();
    timer = setTimeout(() => location.reload(), WARN_BEFORE * 1000);
  }, Math.max(0, seconds - WARN_BEFORE) * 1000);
}
