// Pseudo-random numbers for tests, equal for equal seeds.

/**
 * Returns a generator of numbers from 0 to 1 that a string determines (xmur3 and sfc32 by their published
 * formulas).
 */
export function randomness(seed) {
  let h = 1779033703 ^ seed.length;
  for (const unit of seed) {
    h = Math.imul(h ^ unit.codePointAt(0), 3432918353);
    h = (h << 13) | (h >>> 19);
  }
  const word = () => {
    h = Math.imul(h ^ (h >>> 16), 2246822507);
    h = Math.imul(h ^ (h >>> 13), 3266489909);
    return (h ^= h >>> 16) >>> 0;
  };
  let [a, b, c, d] = [word(), word(), word(), word()];
  return () => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 4294967296;
  };
}
