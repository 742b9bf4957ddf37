// A button that prints the page, with everything that is folded away unfolded on the paper.
const folded = () => document.querySelectorAll("details[data-print-open]:not([open])");
let opened = [];

addEventListener("beforeprint", () => {
  opened = [...folded()];
  opened.forEach((one) => { one.open = true; });
});
addEventListener("afterprint", () => opened.forEach((one) => { one.open = false; }));

export function attach(button) {
  button.addEventListener("click", () => print());
}
