// Loads each behaviour a page asks for by its data- attribute, and again for parts that arrive later.
const behaviours = {
  "form[data-once]": "./once.js",
  "[data-keys]": "./keys.js",
  "[data-session-ends]": "./session.js",
  "[data-summary]": "./summary.js",
  "[data-draft]": "./draft.js",
  "[data-diagram]": "./diagram.js",
  "[data-graph]": "./graph.js",
  "[data-sort]": "./sort.js",
  "[data-menu]": "./menu.js",
  "[data-print]": "./print.js",
  "[data-camera]": "./camera.js",
  "[data-scan-lines]": "./scan_lines.js",
};

// the behaviours of every page, joined into this file when it is served
const joined = {};

async function attach(root) {
  for (const [selector, module] of Object.entries(behaviours)) {
    const found = [...root.querySelectorAll(selector)];
    if (root.matches?.(selector)) found.unshift(root);
    if (!found.length) continue;
    const behaviour = joined[module] ?? (await import(module));
    for (const element of found) {
      const done = (element.attached ??= new Set());
      if (!done.has(module)) {
        done.add(module);
        behaviour.attach(element);
      }
    }
  }
  // a field kind brings its own script, named by the kind; they are joined when served
  for (const element of root.querySelectorAll("[data-kind]")) {
    if (element.attachedKind) continue;
    element.attachedKind = true;
    const { kinds } = await import("./kinds.js");
    kinds[element.dataset.kind].attach(element);
  }
}

attach(document.documentElement);
document.addEventListener("htmx:load", (event) => attach(event.detail.elt));
