// Shows notifications, and opens the page they are about. Keeps nothing, caches nothing, counts nothing.
const HOME = "/home";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  let told = {};
  try {
    told = event.data.json();
  } catch {
    // Browsers demand that something is shown: say that there is something, no more.
  }
  event.waitUntil(
    self.registration.showNotification(String(told.title || "…"), {
      body: String(told.body || ""),
      tag: String(told.tag || "message"),
      lang: told.language,
      icon: "/static/icons/touch.png",
      data: { url: String(told.url || HOME) },
    }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const asked = new URL(event.notification.data.url, self.location.origin);
  const url = asked.origin === self.location.origin ? asked.href : HOME;
  event.waitUntil(
    (async () => {
      for (const client of await self.clients.matchAll({ type: "window" })) {
        if (client.url === url) return client.focus();
      }
      return self.clients.openWindow(url);
    })(),
  );
});

// The push service moved this browser: tell the union, who knows it by its old address.
self.addEventListener("pushsubscriptionchange", (event) => {
  if (!event.oldSubscription) return;
  event.waitUntil(
    (async () => {
      const fresh =
        event.newSubscription || (await self.registration.pushManager.subscribe(event.oldSubscription.options));
      const { endpoint, keys } = fresh.toJSON();
      const told = { old: event.oldSubscription.endpoint, endpoint, p256dh: keys.p256dh, auth: keys.auth };
      await fetch("/push/renew", { method: "POST", body: new URLSearchParams(told), credentials: "omit" });
    })(),
  );
});
