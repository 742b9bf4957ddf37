// A list is sorted as soon as its order is chosen; without this script there is a button.
export function attach(select) {
  select.form.querySelector("[data-sort-button]")?.setAttribute("hidden", "");
  select.addEventListener("change", () => select.form.submit());
}
