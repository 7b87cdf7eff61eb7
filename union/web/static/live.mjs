// Keeps numbers fresh: asks [data-live-url] for {"key": value} and writes each into [data-live=key] inside it.
// [data-live-strokes=key] is a picket meter: the value is the number of filled strokes. Rests while nobody looks.
for (const region of document.querySelectorAll("[data-live-url]")) {
  const pause = Number(region.dataset.liveSeconds || 10) * 1000;
  let failures = 0;
  let timer;

  const write = (facts) => {
    for (const place of region.querySelectorAll("[data-live]")) {
      const value = facts[place.dataset.live];
      if (value !== undefined && place.textContent !== String(value)) place.textContent = value;
    }
    for (const meter of region.querySelectorAll("[data-live-strokes]")) {
      const filled = facts[meter.dataset.liveStrokes];
      if (filled === undefined) continue;
      meter.querySelectorAll(".stroke").forEach((stroke, index) => {
        stroke.classList.toggle("on", index < filled);
        stroke.classList.toggle("off", index >= filled);
      });
    }
  };
  const ask = async () => {
    try {
      const answer = await fetch(region.dataset.liveUrl, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(answer.statusText);
      write(await answer.json());
      failures = 0;
    } catch {
      failures += 1;
    }
    plan(pause * 2 ** Math.min(failures, 5));
  };
  const plan = (wait) => {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(ask, wait);
  };
  document.addEventListener("visibilitychange", () => plan(0));
  plan(pause);
}
