// Draws the diagram of a case with what is done, where it waits, and what is due.
let viewer;

function load() {
  // the library is one classic script; it is fetched only where a diagram is shown
  viewer ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("../vendor/bpmn-navigated-viewer.min.js", import.meta.url);
    script.onload = () => resolve(window.BpmnJS);
    script.onerror = reject;
    document.head.append(script);
  });
  return viewer;
}

export function attach(place) {
  const folded = place.closest("details:not([open])");
  // a folded diagram is drawn when it is opened
  if (folded) folded.addEventListener("toggle", () => draw(place), { once: true });
  else draw(place);
}

async function draw(place) {
  const [Viewer, xml] = await Promise.all([load(), fetch(place.dataset.diagram).then((r) => r.text())]);
  const drawn = new Viewer({
    container: place,
    bpmnRenderer: { defaultFillColor: "var(--card)", defaultStrokeColor: "var(--line-strong)", defaultLabelColor: "var(--text)" },
    // the wheel scrolls the page; the diagram moves by dragging, keys and buttons
    zoomScroll: ["value", null],
  });
  await drawn.importXML(xml);
  place.querySelector(".waits")?.remove();
  const canvas = drawn.get("canvas");
  mark(drawn, canvas, JSON.parse(place.dataset.marks || "[]"));
  const fit = () => fitTo(canvas, place);
  fit();
  place.dataset.ready = "yes";
  buttons(place, canvas, fit);
  let width = place.clientWidth;
  new ResizeObserver(() => {
    if (place.clientWidth === width) return;
    width = place.clientWidth;
    fit();
  }).observe(place);
  addEventListener("beforeprint", () => canvas.zoom("fit-viewport"));
}

function fitTo(canvas, place) {
  // as tall as the drawing needs at this width, within reason
  const { inner } = canvas.viewbox();
  const whole = (inner.height / inner.width) * place.clientWidth + 40;
  place.style.height = `${Math.round(Math.min(560, Math.max(220, whole)))}px`;
  canvas.resized();
  canvas.zoom("fit-viewport", "auto");
  if (place.clientWidth >= 700) return;

  // on a phone the whole would be unreadable: show the part where the work is
  place.style.height = "300px";
  canvas.resized();
  const id = place.querySelector(".s-now")?.dataset.elementId;
  const element = id && canvas._elementRegistry.get(id);
  if (!element) return;
  canvas.zoom(0.7);
  const box = canvas.viewbox();
  canvas.viewbox({ ...box, x: element.x + element.width / 2 - box.width / 2, y: element.y + element.height / 2 - box.height / 2 });
}

function mark(drawn, canvas, marks) {
  const registry = drawn.get("elementRegistry");
  const overlays = drawn.get("overlays");
  for (const { id, state, count, due, tone } of marks) {
    if (!registry.get(id)) continue;
    canvas.addMarker(id, `s-${state}`);
    if (!due && count < 2) continue;
    overlays.add(id, { position: { top: -38, left: 0 }, scale: false, html: chip(count, due, tone) });
  }
}

function chip(count, due, tone) {
  const box = document.createElement("div");
  box.className = "due";
  if (count > 1) box.append(Object.assign(document.createElement("b"), { textContent: count }));
  if (due) box.append(Object.assign(document.createElement("span"), { className: `tag ${tone}`, textContent: due }));
  return box;
}

function buttons(place, canvas, fit) {
  const card = place.closest(".card");
  card?.querySelector("[data-fit]")?.addEventListener("click", fit);
  for (const [name, factor] of [["in", 1.25], ["out", 0.8]])
    card?.querySelector(`[data-zoom=${name}]`)?.addEventListener("click", () => canvas.zoom(canvas.zoom() * factor));
}
