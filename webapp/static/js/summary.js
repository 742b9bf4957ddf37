// The error summary takes the focus, and its links take it to the field.
export function attach(summary) {
  summary.focus();
  summary.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    const field = link && document.getElementById(link.hash.slice(1));
    if (!field) return;
    event.preventDefault();
    field.scrollIntoView({ block: "center" });
    field.focus({ preventScroll: true });
  });
}
