// Creates elements. Text is always text: no content of an event or a profile can become markup in the panel.

/**
 * Returns an element with properties, attributes (`data-…`, `aria-…`, `class`) and children; empty children
 * are omitted.
 */
export function el(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key === 'class' || key.includes('-')) made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== ''));
  return made;
}
