// A JSON value as lines, with fields marked by their dotted paths as patterns write them: arrays and $or add no step.

import { el } from "./dom.js";

const ONE_LINE = 60;

// `marks`: the paths to mark. `missing`: also show the marked fields that the value does not have.
export function jsonView(value, { marks = [], missing = false, label }) {
  const wanted = new Set(marks.flatMap((mark) => mark.split(", ")));
  const absent = missing ? [...wanted].filter((path) => !has(value, path.split("."))) : [];
  const lines = [];
  write(value, "", "", "", { wanted, absent, lines });
  return el("pre", { class: "json", tabindex: "0", role: "group", "aria-label": label }, ...lines);
}

function has(value, [name, ...rest]) {
  if (Array.isArray(value)) return value.some((one) => has(one, [name, ...rest]));
  if (value === null || typeof value !== "object") return false;
  // A name may hold dots itself.
  for (let length = 0; length <= rest.length; length += 1) {
    const joined = [name, ...rest.slice(0, length)].join(".");
    if (joined in value && (length === rest.length || has(value[joined], rest.slice(length)))) return true;
  }
  return false;
}

function write(value, path, indent, comma, view, key) {
  const name = key === undefined ? "" : `${JSON.stringify(key)}: `;
  const marked = view.wanted.has(path) && key !== undefined;
  const line = (text) => {
    view.lines.push(indent, marked ? el("mark", {}, text) : text, "\n");
  };
  const short = JSON.stringify(value);
  if (value === null || typeof value !== "object" || (short.length < ONE_LINE && isLeafList(value))) {
    line(`${name}${spaced(value)}${comma}`);
    return;
  }
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  const entries = Array.isArray(value) ? value.map((one) => [undefined, one]) : Object.entries(value);
  const ghosts = Array.isArray(value) ? [] : ghostsOf(value, path, view.absent);
  if (entries.length === 0 && ghosts.length === 0) {
    line(`${name}${open}${close}${comma}`);
    return;
  }
  line(`${name}${open}`);
  entries.forEach(([inner, one], index) => {
    const inside = inner === undefined || inner === "$or" ? path : path === "" ? inner : `${path}.${inner}`;
    write(one, inside, `${indent}  `, index < entries.length - 1 ? "," : "", view, inner);
  });
  for (const ghost of ghosts) {
    view.lines.push(`${indent}  `, el("mark", { class: "absent" }, `${JSON.stringify(ghost)}: nothing here`), "\n");
  }
  view.lines.push(`${indent}${close}${comma}\n`);
}

// The marked fields that are missing in this object, though its own path leads towards them.
function ghostsOf(object, path, absent) {
  return absent
    .filter((one) => path === "" || one.startsWith(`${path}.`))
    .map((one) => (path === "" ? one : one.slice(path.length + 1)))
    .filter((rest) => !Object.keys(object).some((name) => rest.startsWith(`${name}.`) && isObject(object[name])));
}

const isObject = (value) => value !== null && typeof value === "object";

function isLeafList(value) {
  return Array.isArray(value) && value.every((one) => !isObject(one) || Object.keys(one).length <= 1);
}

function spaced(value) {
  if (Array.isArray(value)) return `[${value.map(spaced).join(", ")}]`;
  if (isObject(value)) return `{${Object.entries(value).map(([k, v]) => `${JSON.stringify(k)}: ${spaced(v)}`).join(", ")}}`;
  return JSON.stringify(value);
}
