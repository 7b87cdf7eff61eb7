// The file in which a trustee keeps a key, and the ways a saved key can be given back. Pure.

/** The text of the key file. */
export function keyFile({ uuid, group, trustee }, { publicKey, privateKey }) {
  const content = { kind: "union-trustee-key", version: 1, uuid, group, trustee, public_key: publicKey, private_key: privateKey };
  return `${JSON.stringify(content, null, 1)}\n`;
}

/**
 * The key in a text: our file, a JSON string holding the decimal (belenios-tool's file), or the digits of the printed
 * copy with any spaces. Returns {privateKey, uuid}, uuid null where the text names none; null when it holds no key.
 */
export function readKey(text) {
  const digits = text.replace(/[\s"]/g, "");
  if (/^[0-9]+$/.test(digits)) return { privateKey: digits.replace(/^0+(?=[0-9])/, ""), uuid: null };
  try {
    const { kind, uuid, private_key: privateKey } = JSON.parse(text);
    return kind === "union-trustee-key" && typeof privateKey === "string" ? { privateKey, uuid } : null;
  } catch {
    return null;
  }
}
