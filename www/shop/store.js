// Small values in localStorage; if it is blocked they last as long as the page.

const memory = new Map();

/** Returns the value of a name, or `otherwise`. */
export function read(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(`tarnfell.${name}`)) ?? otherwise;
  } catch {
    return memory.get(name) ?? otherwise;
  }
}

/** Sets the value of a name; `undefined` removes it. */
export function write(name, value) {
  memory.set(name, value);
  try {
    if (value === undefined) localStorage.removeItem(`tarnfell.${name}`);
    else localStorage.setItem(`tarnfell.${name}`, JSON.stringify(value));
  } catch {
    // Blocked or full: only the copy in memory is kept.
  }
}
