// Sends a form once when its button is pressed twice; after a while, or coming back to the page, it may go again.
const PAUSE = 4000;
const sent = new Map();

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  if (Date.now() - (sent.get(event.target) ?? -PAUSE) < PAUSE) event.preventDefault();
  else sent.set(event.target, Date.now());
});
addEventListener("pageshow", () => sent.clear());
