// Properties of `document`. Markup such as `<img name="cookie">` hides them from `document.cookie`, and not from here.

/** Returns a property of `document`. */
export function get(name) {
  return Reflect.get(Document.prototype, name, document);
}

/** Sets a property of `document`. */
export function set(name, value) {
  return Reflect.set(Document.prototype, name, value, document);
}
