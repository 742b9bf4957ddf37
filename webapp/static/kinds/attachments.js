// Names the files that are chosen and not yet sent, and takes one from the clipboard.
export function attach(field) {
  const input = field.querySelector("input[type=file]");
  const list = field.querySelector("[data-chosen]");
  const show = () => {
    list.replaceChildren(...[...input.files].map((file) => {
      const line = document.createElement("li");
      line.textContent = `${file.name} (${size(file.size)})`;
      return line;
    }));
    list.hidden = !input.files.length;
  };
  input.addEventListener("change", show);
  field.addEventListener("paste", (event) => {
    const pasted = [...event.clipboardData.files];
    if (!pasted.length) return;
    event.preventDefault();
    const all = new DataTransfer();
    for (const file of [...input.files, ...pasted]) all.items.add(file);
    input.files = all.files;
    show();
  });
}

const size = (bytes) => (bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : bytes >= 1e3 ? `${(bytes / 1e3).toFixed(1)} kB` : `${bytes} B`);
