// Elements from names, attributes and children; texts are only ever set as text, so that no name can become markup.

export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export const byId = (id) => document.getElementById(id);

export function options(select, entries, { keep = true } = {}) {
  const before = select.value;
  select.replaceChildren(...entries.map(([value, text]) => el("option", { value }, text)));
  if (keep && entries.some(([value]) => String(value) === before)) select.value = before;
}
