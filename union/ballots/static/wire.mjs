// The few requests these pages make, with patience for a bad connection and named failures. Knows nothing of ballots.

/** A request that failed. code: "offline", "NotAllowed", or the server's own; text: the server's sentence, or "". */
export class WireError extends Error {
  constructor(code, text = "") {
    super(text || code);
    this.code = code;
    this.text = text;
  }
}

const PATIENCE = 30_000;
const PAUSES = [800, 2_500];

const wait = (time) => new Promise((done) => { setTimeout(done, time); });

async function once(url, options) {
  const late = new AbortController();
  const alarm = setTimeout(() => late.abort(), options.patience ?? PATIENCE);
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin", redirect: "manual", ...options, signal: late.signal });
  } catch {
    throw new WireError("offline");
  } finally {
    clearTimeout(alarm);
  }
  if (response.type === "opaqueredirect" || response.status === 401) throw new WireError("NotAllowed");
  return response;
}

async function patient(url, options) {
  for (const pause of [...PAUSES, null]) {
    try {
      const response = await once(url, options);
      if (response.status < 500 || pause === null) return response;
    } catch (failure) {
      if (failure.code !== "offline" || pause === null) throw failure;
    }
    await wait(pause);
  }
  throw new WireError("offline");
}

async function answer(response) {
  try {
    return await response.json();
  } catch {
    throw new WireError(response.ok ? "offline" : `http-${response.status}`);
  }
}

/** The exact bytes at an address. patience: milliseconds before a try is given up. */
export async function bytesAt(url, patience = PATIENCE) {
  const response = await patient(url, { patience });
  if (!response.ok) throw new WireError(`http-${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** The JSON at an address. */
export async function jsonAt(url) {
  const response = await patient(url, {});
  if (!response.ok) throw new WireError(`http-${response.status}`);
  return answer(response);
}

/**
 * Posts JSON and returns the JSON answer. Tried again after a lost connection: the server must take the same body twice
 * as once.
 */
export async function post(url, csrf, body) {
  const response = await patient(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrf },
    body: JSON.stringify(body),
  });
  const said = await answer(response);
  if (response.status >= 500) throw new WireError(`http-${response.status}`, said.message ?? "");
  if (!response.ok) throw new WireError(said.error ?? `http-${response.status}`, said.message ?? "");
  return said;
}
