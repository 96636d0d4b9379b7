// Small values in localStorage; where that is blocked they last as long as the page.

const memory = new Map();

/** The value kept under a name, or `otherwise`. */
export function read(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(`tarnfell.${name}`)) ?? otherwise;
  } catch {
    return memory.get(name) ?? otherwise;
  }
}

/** Keeps a value under a name; `undefined` removes it. */
export function write(name, value) {
  memory.set(name, value);
  try {
    if (value === undefined) localStorage.removeItem(`tarnfell.${name}`);
    else localStorage.setItem(`tarnfell.${name}`, JSON.stringify(value));
  } catch {
    // Blocked or full: the copy in memory has to do.
  }
}
