// Digits press the outcome buttons while nothing is being typed; a tick box switches them off for this browser tab.
for (const form of document.querySelectorAll("[data-shortcuts]")) {
  const on = form.querySelector("[data-shortcuts-on]");
  on.closest("label").hidden = false;
  on.checked = sessionStorage.getItem("shortcuts") !== "off";
  const buttons = new Map([...form.querySelectorAll("[data-key]")].map((button) => [button.dataset.key, button]));
  const mark = () => {
    for (const [key, button] of buttons) {
      if (on.checked) button.dataset.label = key;
      else delete button.dataset.label;
      button.toggleAttribute("aria-keyshortcuts", false);
      if (on.checked) button.setAttribute("aria-keyshortcuts", key);
    }
  };
  on.addEventListener("change", () => {
    sessionStorage.setItem("shortcuts", on.checked ? "on" : "off");
    mark();
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input:not([type=checkbox]), textarea, select, dialog");
    if (!on.checked || typing || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    buttons.get(event.key)?.click();
  });
  mark();
}
