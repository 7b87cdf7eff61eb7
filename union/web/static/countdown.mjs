// Counts down to [data-countdown] by the server's clock, not the device's. No live region: the written time stands beside it.
async function serverAhead() {
  const asked = Date.now();
  try {
    const answer = await fetch(import.meta.url, { method: "HEAD", cache: "no-store" });
    // Flask dates a file and the server dates it again; the browser gives both, joined.
    const told = Date.parse(answer.headers.get("Date").match(/^.*?GMT/)[0]);
    // The header drops the fraction of the second: half of one is the best guess, as is half of the way there and back.
    return told + 500 - (asked + Date.now()) / 2;
  } catch {
    return 0;
  }
}

const clocks = document.querySelectorAll("[data-countdown]");
const ahead = clocks.length ? await serverAhead() : 0;
for (const clock of clocks) {
  const end = Date.parse(clock.dataset.countdown);
  const over = clock.parentElement.querySelector("[data-countdown-over]");
  const show = (part, value) => {
    clock.querySelector(`[data-part=${part}]`).textContent = String(value).padStart(2, "0");
  };
  const tick = () => {
    const left = end - Date.now() - ahead;
    const seconds = Math.max(0, Math.ceil(left / 1000));
    show("days", Math.floor(seconds / 86400));
    show("hours", Math.floor(seconds / 3600) % 24);
    show("minutes", Math.floor(seconds / 60) % 60);
    show("seconds", seconds % 60);
    clock.hidden = seconds === 0;
    over.hidden = seconds > 0;
    if (seconds > 0) setTimeout(tick, left % 1000 || 1000);
  };
  tick();
}
