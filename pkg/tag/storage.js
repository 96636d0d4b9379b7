// The browser's storage, which may be full or closed to this page: nothing here throws.

/** Returns the result, or `undefined` if the browser refuses. */
export function attempt(use) {
  try {
    return use();
  } catch {
    return undefined;
  }
}

/** Returns a stored text: `null` if there is none, `undefined` if the storage is closed. */
export function read(key, area = 'localStorage') {
  return attempt(() => globalThis[area].getItem(key));
}

/** Stores a text, and returns whether that succeeded. */
export function store(key, text, area = 'localStorage') {
  return attempt(() => {
    globalThis[area].setItem(key, text);
    return true;
  });
}

/** Removes a text. */
export function remove(key, area = 'localStorage') {
  attempt(() => globalThis[area].removeItem(key));
}
