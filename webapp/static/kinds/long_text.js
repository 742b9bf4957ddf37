// Says how many characters are left, once a third of them is used.
export function attach(field) {
  const area = field.querySelector("textarea[data-max]");
  const said = field.querySelector("[data-left]");
  const max = Number(area.dataset.max);
  let pause;
  const count = () => {
    const left = max - [...area.value.trim()].length;
    said.hidden = left > max * 2 / 3;
    clearTimeout(pause);
    // a screen reader hears it when the typing stops
    pause = setTimeout(() => { said.textContent = (left < 0 ? said.dataset.over : said.dataset.left).replace("%(count)s", Math.abs(left)); }, 600);
  };
  area.addEventListener("input", count);
  count();
}
