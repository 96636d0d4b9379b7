// Verifies the seal of a plan. src/plan/envelope.rs describes the format.

const MAGIC = 'TLSEAL\0\x01';
const CONTEXT = 'throughline.plan.v1\0';
const HASH = 32;
const SIGNATURE = 64;

/**
 * Resolves if one of the keys has signed the plan, and rejects with the reason otherwise.
 *
 * @param {Uint8Array} sealed
 * @param {{ keys: JsonWebKey[] } | string} keys a JWK Set, or one public key in base64url
 */
export async function checkSeal(sealed, keys) {
  const { kid, hash, signature, payload } = split(sealed);
  const fit = typeof keys === 'string' ? [{ x: keys }] : keys.keys.filter((key) => key.kid === kid && isForPlans(key));
  if (!fit.length) throw new Error(`the plan is signed with key \`${kid}\`, which may not sign plans here`);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', payload));
  if (digest.some((byte, index) => byte !== hash[index])) {
    throw new Error('the plan does not match its checksum: it is damaged');
  }
  const signed = new Uint8Array([...new TextEncoder().encode(`${CONTEXT}${kid}\0`), ...hash]);
  for (const { x } of fit) {
    const key = await crypto.subtle.importKey('jwk', { kty: 'OKP', crv: 'Ed25519', x }, 'Ed25519', false, ['verify']);
    if (await crypto.subtle.verify('Ed25519', key, signature, signed)) return;
  }
  throw new Error("the plan's signature is wrong");
}

function isForPlans({ kty, crv, tl }) {
  return kty === 'OKP' && crv === 'Ed25519' && tl === 'plan';
}

function split(sealed) {
  const isSealed = [...MAGIC].every((letter, index) => sealed[index] === letter.charCodeAt(0));
  if (!isSealed) throw new Error('not a sealed plan: expected it to begin with `TLSEAL`');
  let at = MAGIC.length + 1;
  const take = (length) => sealed.subarray(at, (at += length));
  const kid = new TextDecoder().decode(take(sealed[MAGIC.length] ?? 0));
  const [hash, signature] = [take(HASH), take(SIGNATURE)];
  if (signature.length < SIGNATURE) throw new Error('the sealed plan is cut off');
  return { kid, hash, signature, payload: sealed.subarray(at) };
}
