// A form is sent once: a second click while the first is under way does nothing.
export function attach(form) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sending) {
      event.preventDefault();
      return;
    }
    form.dataset.sending = "yes";
    // after the browser has read the pressed button's name and value
    setTimeout(() => form.querySelectorAll("button").forEach((b) => b.setAttribute("aria-disabled", "true")));
  });
  // Back from the next page brings this one out of the cache as it was left
  addEventListener("pageshow", () => {
    delete form.dataset.sending;
    form.querySelectorAll("button").forEach((b) => b.removeAttribute("aria-disabled"));
  });
}
