/** The theme that was chosen, before the first paint: otherwise a dark page would flash light. */
(() => {
  try {
    const theme = localStorage.getItem("chinwag.theme");
    if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  } catch {
    // no storage: the system's preference holds
  }
})();
