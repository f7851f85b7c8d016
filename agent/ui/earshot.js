// Runs before the page starts: light or dark follows the system until the person chooses.
if (!localStorage.getItem("vite-ui-theme")) {
  localStorage.setItem("vite-ui-theme", "system");
}
