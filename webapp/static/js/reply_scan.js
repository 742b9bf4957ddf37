// The hospital's scan page: each label becomes a line of the answer, and what it is is said at once.
import { watchCodes } from "./codes.js";

const root = document.querySelector("[data-camera]");
const box = document.getElementById("scanned");
const list = document.getElementById("looked-at");

watchCodes(root, take);
box.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing) return;
  const last = box.value.slice(0, box.selectionStart).split("\n").at(-1).trim();
  if (last) look(last); // a hand scanner ends each scan with Enter
});

async function take(text) {
  const lines = box.value.split("\n").filter(Boolean);
  if (lines.includes(text)) {
    root.querySelector("[data-camera-said]").textContent += ` ${root.dataset.again}`;
    return;
  }
  box.value = [...lines, text, ""].join("\n");
  await look(text);
}

async function look(text) {
  try {
    const answer = await fetch(`${root.dataset.look}${root.dataset.look.includes("?") ? "&" : "?"}text=${encodeURIComponent(text)}`);
    if (!answer.ok) throw new Error(answer.status);
    const seen = await answer.json();
    say(seen.label, seen.sentence, seen.is_wrong);
  } catch (error) {
    say(text, root.dataset.unseen, false);
    console.info(error);
  }
}

function say(label, sentence, isWrong) {
  const item = document.createElement("li");
  item.className = isWrong ? "warning" : "";
  const name = document.createElement("b");
  name.textContent = label.replaceAll("\u001d", "␝");
  item.append(name, ` ${sentence}`);
  list.prepend(item);
}
