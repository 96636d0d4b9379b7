// Work that one tab does for all.

/** Runs `work` in one tab at a time. Where the browser has no locks, or refuses them, as in sandboxed frames, it runs at once. */
export async function locked(name, work) {
  let isBegun = false;
  const begin = () => {
    isBegun = true;
    return work();
  };
  try {
    if (navigator.locks) return await navigator.locks.request(name, begin);
  } catch (error) {
    if (isBegun) throw error;
  }
  return work();
}
