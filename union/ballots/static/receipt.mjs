// What stays after *cast* is pressed: the sealed ballot until it is confirmed, then the signed receipt.

const nameOf = ({ uuid }) => `union-sealed-${uuid}`;

/** Keeps a sealed ballot in this tab until it is confirmed; null forgets it. The text is one that everyone may see. */
export function keep(election, ballot) {
  try {
    if (ballot === null) sessionStorage.removeItem(nameOf(election));
    else sessionStorage.setItem(nameOf(election), ballot);
  } catch {
    // session storage may be switched off: nothing is lost but the second chance after a closed tab
  }
}

/** The sealed ballot that was sent from this tab and never confirmed, or null. */
export function unconfirmed(election) {
  try {
    return sessionStorage.getItem(nameOf(election));
  } catch {
    return null;
  }
}

/**
 * True or false for a receipt whose signature holds or not under the server's key (64 hexadecimal digits); null when this
 * browser cannot check: no key, no secure context, or the curve could not be loaded.
 */
export async function signatureHolds(election, key, loadCurve, { tracker, height, chain_head: head, signature }) {
  if (!key || !globalThis.crypto?.subtle) return null;
  const curve = await loadCurve().catch(() => null);
  if (curve === null) return null;
  const message = new TextEncoder().encode(`union-receipt|${election.fingerprint}|${tracker}|${height}|${head}`);
  const { verifyAsync, etc } = curve;
  try {
    return await verifyAsync(etc.hexToBytes(signature), message, etc.hexToBytes(key), { zip215: false });
  } catch {
    return false;
  }
}
