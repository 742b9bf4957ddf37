// Draws a trace in tiers; positions come from the server, colours from the theme.
const SHAPES = { lot: "round-rectangle", segment: "cut-rectangle", unit: "ellipse", party: "hexagon" };
const STEP = 60; // pixels a key moves the graph
let library;

function load() {
  // one classic script, fetched only where a graph is shown
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("../vendor/cytoscape.min.js", import.meta.url);
    script.onload = () => resolve(window.cytoscape);
    script.onerror = reject;
    document.head.append(script);
  });
  return library;
}

export async function attach(place) {
  const cytoscape = await load();
  const { nodes, links } = JSON.parse(place.dataset.graph);
  const drawn = cytoscape({
    container: place,
    layout: { name: "preset" },
    elements: [
      ...nodes.map(({ x, y, ...data }) => ({ data, position: { x, y } })),
      ...links.map((data, number) => ({ data: { ...data, id: `link-${number}` } })),
    ],
    style: style(),
    userZoomingEnabled: false, // the wheel scrolls the page
    autoungrabify: true,
    boxSelectionEnabled: false,
    minZoom: 0.05,
    maxZoom: 3,
  });
  place.querySelector(".waits")?.remove();
  fit(drawn);
  count(place, drawn, nodes.length, links.length);
  drawn.on("tap", "node", (event) => {
    const there = event.target.data("href");
    if (there) location.assign(there);
  });
  buttons(place, drawn);
  keys(place, drawn);
  const redraw = () => drawn.style(style());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  place.dataset.ready = "yes";
}

function fit(drawn) {
  drawn.fit(undefined, 24);
  if (drawn.zoom() > 1.2) drawn.zoom(1.2).center();
}

// A node that is not drawn is a device that nobody sees: say how many there are, or that some lack.
function count(place, drawn, wanted, links) {
  const there = drawn.nodes().length;
  const is_whole = there === wanted && drawn.edges().length === links;
  const words = is_whole ? place.dataset.drawn : place.dataset.missing;
  const told = document.querySelector("[data-graph-count]");
  told.textContent = words.replace("{nodes}", there).replace("{links}", drawn.edges().length);
  told.className = is_whole ? "" : "red strong";
  place.dataset.count = there;
}

function buttons(place, drawn) {
  const card = place.closest(".card");
  card.querySelector("[data-fit]").addEventListener("click", () => fit(drawn));
  for (const [name, factor] of [["in", 1.3], ["out", 0.77]])
    card.querySelector(`[data-zoom=${name}]`).addEventListener("click", () => zoom(place, drawn, factor));
}

function zoom(place, drawn, factor) {
  const middle = { x: place.clientWidth / 2, y: place.clientHeight / 2 };
  drawn.zoom({ level: drawn.zoom() * factor, renderedPosition: middle });
}

function keys(place, drawn) {
  const moves = { ArrowLeft: [STEP, 0], ArrowRight: [-STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };
  place.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (moves[event.key]) drawn.panBy({ x: moves[event.key][0], y: moves[event.key][1] });
    else if (event.key === "+" || event.key === "=") zoom(place, drawn, 1.3);
    else if (event.key === "-") zoom(place, drawn, 0.77);
    else if (event.key === "0") fit(drawn);
    else return;
    event.preventDefault();
  });
}

// a canvas knows no variables of a stylesheet: they are read off the page
function style() {
  const probe = document.body.appendChild(document.createElement("i"));
  const colour = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const font = getComputedStyle(document.body).fontFamily;
  const rules = [
    { selector: "node", style: { "label": "data(label)", "shape": (node) => SHAPES[node.data("kind")], "width": 22, "height": 22, "background-color": colour("accent-soft"), "border-width": 1.5, "border-color": colour("accent"), "color": colour("text"), "font-size": 12, "font-family": font, "text-valign": "center", "text-halign": "right", "text-margin-x": 5, "text-max-width": 150, "text-wrap": "ellipsis" } },
    { selector: "node[kind = 'party']", style: { "background-color": colour("green-soft"), "border-color": colour("green") } },
    { selector: "node[!certain]", style: { "border-style": "dashed", "border-color": colour("amber"), "background-color": colour("amber-soft") } },
    { selector: "node[?named]", style: { "border-width": 4, "border-color": colour("red"), "background-color": colour("red-soft") } },
    { selector: "edge", style: { "width": 1.2, "line-color": colour("line-strong"), "target-arrow-color": colour("line-strong"), "target-arrow-shape": "triangle", "arrow-scale": 0.8, "curve-style": "straight" } },
    { selector: "edge[?was]", style: { "line-style": "dashed" } },
  ];
  probe.remove();
  return rules;
}
