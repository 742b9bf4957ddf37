// Draws the diagram of a case with what is done, where it waits, and what is due.
const READABLE = 0.8; // words of a step can be read from here on
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
    // a wide process is drawn small: its words are larger than the boxes ask for
    textRenderer: { defaultStyle: { fontSize: 14 }, externalStyle: { fontSize: 11 } },
    // the wheel scrolls the page; the diagram moves by dragging, keys and buttons
    zoomScroll: ["value", null],
  });
  await drawn.importXML(xml);
  place.querySelector(".waits")?.remove();
  const canvas = drawn.get("canvas");
  mark(drawn, canvas, JSON.parse(place.dataset.marks || "[]"));
  const fit = (wanted) => fitTo(canvas, place, wanted === true);
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

function fitTo(canvas, place, wanted = false) {
  // as tall as the drawing needs at this width, within reason
  const { inner } = canvas.viewbox();
  const whole = (inner.height / inner.width) * place.clientWidth + 40;
  const tall = (height) => {
    place.style.height = `${Math.round(Math.min(560, Math.max(220, height)))}px`;
    canvas.resized();
  };
  tall(whole);
  canvas.zoom("fit-viewport", "auto");
  const now = work(place, canvas);
  if (wanted || "whole" in place.dataset || !now || canvas.zoom() >= READABLE) return;

  // the whole would be unreadable: show the part where the work is, the button shows the whole
  tall(place.clientWidth < 700 ? 300 : inner.height * READABLE + 40);
  canvas.zoom(READABLE);
  const box = canvas.viewbox();
  if (now.right - now.left > box.width) now.right = now.left + box.width / 2;
  const middle = (from, to, low, size, room) => (size <= room ? low + size / 2 - room / 2 : Math.min(Math.max((from + to) / 2 - room / 2, low - 20), low + size - room + 20));
  canvas.viewbox({ ...box, x: middle(now.left, now.right, inner.x, inner.width, box.width), y: middle(now.top, now.bottom, inner.y, inner.height, box.height) });
}

// The smallest box around every place where the case waits
function work(place, canvas) {
  const found = [...place.querySelectorAll(".s-now, .s-incident")].map((mark) => canvas._elementRegistry.get(mark.dataset.elementId)).filter(Boolean);
  if (!found.length) return null;

  // a join waits for what is done elsewhere: the work is at the steps
  const steps = found.filter((one) => !one.type.endsWith("Gateway"));
  if (steps.length) found.splice(0, found.length, ...steps);
  return {
    left: Math.min(...found.map((e) => e.x)), right: Math.max(...found.map((e) => e.x + e.width)),
    top: Math.min(...found.map((e) => e.y)), bottom: Math.max(...found.map((e) => e.y + e.height)),
  };
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
  card?.querySelector("[data-fit]")?.addEventListener("click", () => fit(true));
  for (const [name, factor] of [["in", 1.25], ["out", 0.8]])
    card?.querySelector(`[data-zoom=${name}]`)?.addEventListener("click", () => canvas.zoom(canvas.zoom() * factor));
}
