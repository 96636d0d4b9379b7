// Signatures by the platform, called by src/crypto.rs. Synchronous, as Web Crypto is not: whoever decides does not wait.
import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  sign as signWith,
  timingSafeEqual,
  verify,
} from 'node:crypto';

/** What stands before the bytes of a key in SPKI and PKCS #8 (RFC 8410, RFC 5915); of an ES256 key, without its public half. */
const DER = {
  EdDSA: { hash: null, spki: '302a300506032b6570032100', pkcs8: '302e020100300506032b657004220420' },
  ES256: {
    hash: 'sha256',
    spki: '3059301306072a8648ce3d020106082a8648ce3d03010703420004',
    pkcs8: '3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420',
  },
};

/** All keys of this isolate; Rust knows them by their place. */
const keys = [];

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest();

/** Takes a public key or a secret; undefined for bytes that are none. */
export const checks = (algorithm, bytes) => hold(algorithm, bytes, 'spki', createPublicKey);

/** Takes a private key or a secret; undefined for bytes that are none. */
export const signs = (algorithm, bytes) => hold(algorithm, bytes, 'pkcs8', createPrivateKey);

function hold(algorithm, bytes, type, create) {
  try {
    // Copied: they are a view of the wasm memory.
    const key = DER[algorithm]
      ? create({
          key: Buffer.from(DER[algorithm][type] + Buffer.from(bytes).toString('hex'), 'hex'),
          format: 'der',
          type,
        })
      : bytes.slice();
    return keys.push({ algorithm, key }) - 1;
  } catch {
    return undefined;
  }
}

/** The public bytes of a private key; of a secret, the secret. */
export function publicOf(place) {
  const { algorithm, key } = keys[place];
  if (!DER[algorithm]) return key;
  return createPublicKey(key)
    .export({ format: 'der', type: 'spki' })
    .subarray(DER[algorithm].spki.length / 2);
}

export function isGood(place, message, signature) {
  const { algorithm, key } = keys[place];
  try {
    if (!DER[algorithm]) return timingSafeEqual(mac(key, message), signature);
    return verify(DER[algorithm].hash, message, key, algorithm === 'ES256' ? toDer(signature) : signature);
  } catch {
    return false;
  }
}

export function sign(place, message) {
  const { algorithm, key } = keys[place];
  try {
    if (!DER[algorithm]) return mac(key, message);
    const signature = signWith(DER[algorithm].hash, message, key);
    return algorithm === 'ES256' ? fromDer(signature) : signature;
  } catch {
    return undefined;
  }
}

const mac = (key, message) => createHmac('sha256', key).update(message).digest();

/** `r` and `s` as two DER integers in a sequence (RFC 3279): JOSE writes them as 32 bytes each. */
function toDer(signature) {
  const [r, s] = [integer(signature.subarray(0, 32)), integer(signature.subarray(32))];
  return Uint8Array.of(0x30, r.length + s.length, ...r, ...s);
}

/** The shortest form, with a zero before a first byte that would be taken for a sign. */
function integer(bytes) {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = [...bytes.subarray(first < 0 ? 31 : first)];
  if (digits[0] > 127) digits.unshift(0);
  return [0x02, digits.length, ...digits];
}

function fromDer(der) {
  const out = new Uint8Array(64);
  for (const [half, at] of [
    [1, 2],
    [2, 4 + der[3]],
  ]) {
    const digits = der.subarray(at + 2, at + 2 + der[at + 1]).subarray(-32);
    out.set(digits, half * 32 - digits.length);
  }
  return out;
}
