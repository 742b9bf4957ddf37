// Shows a field only while it is asked. What is hidden is disabled, so it is not sent either.
export function attach(fields) {
  const hidden = [...fields.querySelectorAll("[data-show-when]")].map((field) => ({ field, condition: JSON.parse(field.dataset.showWhen) }));
  if (!hidden.length) return;
  const update = () => {
    // in the order of the form: what an earlier field hides counts as not answered for the later
    for (const { field, condition } of hidden) toggle(field, Boolean(evaluate(condition, fields)));
  };
  fields.addEventListener("input", update);
  fields.addEventListener("change", update);
  update();
}

function toggle(field, shown) {
  field.hidden = !shown;
  for (const control of field.querySelectorAll("input, select, textarea, button")) control.disabled = !shown;
}

function evaluate([word, ...parts], fields) {
  const value = (part) => evaluate(part, fields);
  switch (word) {
    case "value": return parts[0];
    case "name": return answer(parts[0], fields);
    case "list": return parts.map(value);
    case "not": return !truthy(value(parts[0]));
    case "and": return parts.every((part) => truthy(value(part)));
    case "or": return parts.some((part) => truthy(value(part)));
    case "eq": return value(parts[0]) === value(parts[1]);
    case "ne": return value(parts[0]) !== value(parts[1]);
    case "in": return within(value(parts[0]), value(parts[1]));
    case "not_in": return !within(value(parts[0]), value(parts[1]));
    default: return true;
  }
}

const truthy = (value) => (Array.isArray(value) ? value.length > 0 : Boolean(value));
const within = (value, all) => all != null && all.includes(value);

// The answer of a field as the server compares it; null while there is none
function answer(id, fields) {
  const field = fields.querySelector(`[data-field="${id}"]`);
  const controls = [...field.querySelectorAll("input, select, textarea")].filter((c) => !c.disabled);
  const types = new Set(controls.map((c) => c.type));
  const on = controls.filter((c) => c.checked).map((c) => c.value);
  if (field.classList.contains("kind-yes-no")) return on.length ? on[0] === "yes" : null;
  if (field.classList.contains("kind-confirm")) return on.length ? true : null;
  if (types.has("radio")) return on[0] ?? null;
  // of lines that each have one, the server compares the words of all of them between commas
  const each = controls.filter((c) => "compared" in c.dataset);
  if (each.length) return [...new Set(each.map((c) => c.value))].filter(Boolean).join(",") || null;
  if (field.classList.contains("kind-choices") || field.classList.contains("kind-checklist")) return on.length ? on : null;
  return controls.map((c) => c.value.trim()).find((text) => text) ?? null;
}
