// The platform's signatures, called by src/platform/crypto.rs. node:crypto is synchronous, unlike Web Crypto, so the decision
// core can verify tokens and plans without becoming asynchronous.
import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  hkdfSync,
  sign as signWith,
  timingSafeEqual,
  verify as verifyWith,
} from 'node:crypto';

/**
 * The DER headers of public (SPKI) and private (PKCS #8) keys, before the bytes of the key (RFC 8410, RFC 5915).
 *
 * Keys are not imported as JWK: workerd requires the public half in a private JWK, and the caller does not have it.
 */
const DER = {
  EdDSA: { hash: null, spki: '302a300506032b6570032100', pkcs8: '302e020100300506032b657004220420' },
  ES256: {
    hash: 'sha256',
    spki: '3059301306072a8648ce3d020106082a8648ce3d03010703420004',
    pkcs8: '3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420',
  },
};

/** All keys of this isolate, as node:crypto takes them. Rust refers to them by their index. */
const keys = [];

/** Returns the SHA-256 digest. */
export const sha256 = (bytes) => createHash('sha256').update(bytes).digest();

/** Returns the mark of a visitor: the first 12 characters of a hash of the subject, in base64url. */
export const visitorMark = (subject) =>
  createHash('sha256').update(`tl-for\0${subject}`).digest('base64url').slice(0, 12);

/** Imports a public key or a secret. Returns its index, or `undefined` if the bytes are not a key. */
export const importPublic = (algorithm, bytes) => importKey(algorithm, bytes, 'spki', createPublicKey);

/** Imports a private key or a secret. Returns its index, or `undefined` if the bytes are not a key. */
export const importPrivate = (algorithm, bytes) => importKey(algorithm, bytes, 'pkcs8', createPrivateKey);

function importKey(algorithm, bytes, type, create) {
  try {
    return keys.push({ algorithm, key: toKey(algorithm, bytes, type, create) }) - 1;
  } catch {
    return undefined;
  }
}

function toKey(algorithm, bytes, type, create) {
  // Copied, because the bytes are a view of the wasm memory.
  if (!DER[algorithm]) return bytes.slice();
  const der = Buffer.from(DER[algorithm][type] + Buffer.from(bytes).toString('hex'), 'hex');
  const key = create({ key: der, format: 'der', type });
  // JOSE writes ECDSA signatures as `r` and `s` of 32 bytes each. workerd takes that option only with key data, not with a
  // KeyObject. Of all forms of key data a JWK is imported fastest: verifying takes as long as with a KeyObject (0.3 ms), and
  // signing 0.1 ms longer.
  return algorithm === 'ES256' ? { key: key.export({ format: 'jwk' }), format: 'jwk', dsaEncoding: 'ieee-p1363' } : key;
}

/** Returns the public bytes of a private key, or the secret itself. */
export function exportPublic(index) {
  const { algorithm, key } = keys[index];
  if (!DER[algorithm]) return key;
  return createPublicKey(key)
    .export({ format: 'der', type: 'spki' })
    .subarray(DER[algorithm].spki.length / 2);
}

/** Returns whether the signature of the message is valid. */
export function verify(index, message, signature) {
  const { algorithm, key } = keys[index];
  try {
    if (!DER[algorithm]) return timingSafeEqual(mac(key, message), signature);
    return verifyWith(DER[algorithm].hash, message, key, signature);
  } catch {
    return false;
  }
}

/** Returns the signature of the message, or `undefined` if the key cannot sign. */
export function sign(index, message) {
  const { algorithm, key } = keys[index];
  try {
    return DER[algorithm] ? signWith(DER[algorithm].hash, message, key) : mac(key, message);
  } catch {
    return undefined;
  }
}

const mac = (key, message) => createHmac('sha256', key).update(message).digest();

/** The keys of device ids: one for each private key of profile tokens, that of the signer first. */
let deviceKeys = [];

/** Derives the keys of device ids from a private JWKS (RFC 5869). Returns their number. */
export function deriveDeviceKeys(jwks) {
  deviceKeys = JSON.parse(jwks)
    .keys.filter(({ tl }) => tl === 'token')
    .map(({ d, k }) => Buffer.from(String(d ?? k ?? ''), 'base64url'))
    .filter(({ length }) => length >= 32)
    .map((secret) => Buffer.from(hkdfSync('sha256', secret, '', 'throughline device id', 32)));
  return deviceKeys.length;
}

const shortMac = (key, text) => mac(key, text).toString('base64url', 0, 16);

/** Returns the MAC of a text by the first key: 16 bytes in base64url. */
export const deviceMac = (text) => shortMac(deviceKeys[0], text);

/** Returns whether this is the MAC of the text by one of the keys. */
export const isDeviceMac = (text, found) =>
  found.length === 22 &&
  deviceKeys.some((key) => timingSafeEqual(Buffer.from(found, 'latin1'), Buffer.from(shortMac(key, text))));
