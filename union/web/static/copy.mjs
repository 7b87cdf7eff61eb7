// Shows the copy buttons where the browser can copy, and says when it is done.
if (navigator.clipboard) {
  for (const button of document.querySelectorAll("[data-copy]")) {
    const target = document.querySelector(button.dataset.copy);
    const status = button.nextElementSibling;
    const label = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(target.dataset.copyText ?? target.value ?? target.textContent.trim());
      button.textContent = status.textContent = button.dataset.copied;
      setTimeout(() => {
        button.textContent = label;
        status.textContent = "";
      }, 3000);
    });
  }
}
