// The patterns of a resource: each beside what reached it, with the fields that missed marked in both, and an editor.

import { el } from "./dom.js";
import { jsonView } from "./json_view.js";

const PAUSE = 250; // milliseconds without a key before a pattern is tried

// `call`: asks the workbench. `tried`: called after a pattern has been tried or restored.
export function patternView(resource, patterns, { call, tried }) {
  return patterns.map((pattern) => editor(resource, pattern, { call, tried }));
}

function editor(resource, pattern, { call, tried }) {
  const id = `pattern-${pattern.index}`;
  const rows = Math.min(Math.max(pattern.text.split("\n").length + 1, 4), 16);
  const text = el("textarea", { id, rows, spellcheck: "false", "aria-describedby": `${id}-error` });
  text.value = pattern.text;
  const error = el("p", { class: "error", id: `${id}-error`, role: "alert" });
  const changes = el("div", { class: "changes", "aria-live": "polite" });
  const comparison = el("div", { class: "comparison" }, ...compared(pattern));
  const restore = el("button", { type: "button", hidden: !pattern.tried }, "Restore the file's pattern");
  let timer;
  let number = 0;
  text.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const mine = (number += 1);
      const result = await call("try_pattern", { resource, index: pattern.index, text: text.value });
      if (mine !== number) return; // a later text has been sent
      showError(text, error, result.error);
      if (result.error) return;
      restore.hidden = false;
      comparison.replaceChildren(...compared(result.current));
      changes.replaceChildren(...changed(result));
      tried(resource, result.current);
    }, PAUSE);
  });
  restore.addEventListener("click", async () => {
    const { current } = await call("restore_pattern", { resource, index: pattern.index });
    text.value = current.text;
    restore.hidden = true;
    showError(text, error, undefined);
    changes.replaceChildren();
    comparison.replaceChildren(...compared(current));
    tried(resource, current);
  });
  return el(
    "section",
    { "aria-label": `Pattern ${pattern.index + 1}` },
    el("label", { for: id }, "Pattern (edit it to try another; no file is written)"),
    text,
    error,
    restore,
    changes,
    comparison,
  );
}

// Where a text is wrong: the line and column in words, and the place selected in the field when one asks for it.
export function showError(field, place, error) {
  field.setAttribute("aria-invalid", String(Boolean(error)));
  if (!error) {
    place.replaceChildren();
    return;
  }
  const where = error.line ? `Line ${error.line}, column ${error.column}: ` : "";
  const hint = error.hint ? `. ${error.hint}` : "";
  const words = [where + error.reason + hint];
  if (error.line) {
    const line = field.value.split("\n")[error.line - 1] ?? "";
    const start = Math.max(0, error.column - 40);
    words.push(el("pre", {}, `${line.slice(start, error.column + 40)}\n${" ".repeat(error.column - 1 - start)}^`));
    words.push(el("button", { type: "button", class: "link", onclick: () => goTo(field, error) }, "Go there"));
  }
  place.replaceChildren(...words);
}

function goTo(field, { line, column }) {
  const before = field.value.split("\n").slice(0, line - 1).join("\n");
  const at = before.length + (line > 1 ? 1 : 0) + column - 1;
  field.focus();
  field.setSelectionRange(at, at + 1);
}

function compared(pattern) {
  if (!pattern.known) return [el("p", {}, "A part of this pattern is known only after the deployment.")];
  if (pattern.values.length === 0) return [el("p", {}, "Nothing has reached it yet: send an event.")];
  let parsed;
  try {
    parsed = JSON.parse(pattern.text);
  } catch {
    return [];
  }
  return pattern.values.map((seen) => {
    const marks = seen.mismatches.map((one) => one.path);
    return el(
      "div",
      {},
      el("p", { class: seen.matches ? "passed" : "missed" }, seen.matches ? "It matches this:" : "It does not match this:"),
      el(
        "div",
        { class: "side-by-side" },
        jsonView(parsed, { marks, label: "Pattern" }),
        jsonView(seen.value, { marks, missing: true, label: "What reached it" }),
      ),
      el(
        "ul",
        { class: "faults" },
        ...seen.mismatches.map((one) =>
          el("li", {}, el("code", {}, one.path), ` expected ${one.expected}, found ${one.found}`, one.fix ? `: ${one.fix}` : ""),
        ),
      ),
    );
  });
}

function changed({ changed: sides, compared: count }) {
  if (count === 0) return [el("p", {}, "No recorded event reaches it; give some with --samples.")];
  const list = sides.map((one) => el("li", {}, `${one.name} ${one.now ? "is matched now" : "is no longer matched"}`));
  const words = `${sides.length} of ${count} recorded events change sides.`;
  return [el("p", {}, words), list.length > 0 ? el("ul", {}, ...list.slice(0, 200)) : ""];
}
