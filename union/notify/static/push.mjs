// Asks this browser to show notifications, and hands its address to the union by an ordinary form.
const form = document.querySelector("[data-push-key]");
const status = document.querySelector("#push-status");
const words = status?.dataset ?? {};
const WORKER = "/sw.js";

// The one address that may become a worker: the page's policy allows this one rule and no other.
const rule = window.trustedTypes?.createPolicy("union-worker", {
  createScriptURL: (asked) => {
    if (asked !== WORKER) throw new TypeError("not our worker");
    return asked;
  },
});

function bytes(key) {
  const raw = atob(key.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(raw, (letter) => letter.charCodeAt(0));
}

function say(text) {
  status.textContent = text;
}

async function subscribe() {
  if ((await Notification.requestPermission()) !== "granted") return say(words.denied);
  const worker = await navigator.serviceWorker.register(rule ? rule.createScriptURL(WORKER) : WORKER, { scope: "/" });
  await navigator.serviceWorker.ready;
  const options = { userVisibleOnly: true, applicationServerKey: bytes(form.dataset.pushKey) };
  // A browser keeps the key it subscribed with and refuses another, so after a new key of ours it starts afresh.
  const before = await worker.pushManager.getSubscription();
  if (before && String(new Uint8Array(before.options.applicationServerKey)) !== String(options.applicationServerKey)) {
    await before.unsubscribe();
  }
  const found = await worker.pushManager.subscribe(options);
  const { endpoint, keys } = found.toJSON();
  form.elements.endpoint.value = endpoint;
  form.elements.p256dh.value = keys.p256dh;
  form.elements.auth.value = keys.auth;
  form.submit();
}

if (form && "serviceWorker" in navigator && "PushManager" in window) {
  form.hidden = false;
  document.querySelector("#push-without").hidden = true;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    say(words.asking);
    subscribe().catch((problem) => say(`${words.failed} (${problem.name})`));
  });
}
