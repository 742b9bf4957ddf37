// A hand scanner ends each scan with Enter: it is sent at once, in order, and the box is free again.
let before = Promise.resolve();

export function attach(form) {
  const box = form.querySelector("textarea");
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || !box.value.trim()) return;
    event.preventDefault();
    const text = box.value;
    box.value = "";
    send(box, text);
  });
}

// Sends the form of a field as a person would; the answer takes the place of what was found before.
export function send(field, text) {
  before = before.then(() => ask(field, text)).catch(() => {
    field.value = [text, field.value].filter(Boolean).join("\n"); // kept, to be sent again
  });
  return before;
}

async function ask(field, text) {
  const { form } = field;
  const data = new FormData(form);
  data.set(field.name, text);
  const query = new URLSearchParams(data);
  const isPost = form.method === "post";
  const answer = await fetch(isPost ? form.action : `${form.action}?${query}`, isPost ? { method: "POST", body: query } : {});
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!page.getElementById("scanned") && !page.getElementById("tally")) throw new Error(answer.status);
  for (const id of ["scanned", "tally"]) {
    const [old, fresh] = [document.getElementById(id), page.getElementById(id)];
    if (old && fresh) old.replaceWith(document.adoptNode(fresh));
  }
  const said = document.getElementById("scan-said");
  if (said) said.textContent = page.querySelector(".flash span")?.textContent ?? "";
}
