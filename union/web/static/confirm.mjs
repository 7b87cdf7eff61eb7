// Asks in a dialog before a dangerous post. Without this file the same words open in the page (details.confirm).
for (const details of document.querySelectorAll("details.confirm")) {
  const opener = details.querySelector("summary");
  const body = details.querySelector(".confirm__body");
  opener.addEventListener("click", (event) => {
    event.preventDefault();
    const dialog = document.createElement("dialog");
    const back = document.createElement("button");
    dialog.setAttribute("aria-label", opener.textContent.trim());
    back.type = "button";
    back.className = "button button--secondary";
    back.textContent = details.dataset.cancel;
    back.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      back.remove();
      details.append(body);
      dialog.remove();
      opener.focus();
    });
    dialog.append(body);
    body.append(back);
    document.body.append(dialog);
    dialog.showModal();
    back.focus();
  });
}
