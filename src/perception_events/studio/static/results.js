// What became of an input: steps, the verdict of every rule, what each target received.

import { el } from "./dom.js";
import { jsonView } from "./json_view.js";

const WORDS = { matched: "matches", "not matched": "does not match", depends: "depends" };
const NEAREST = 20; // rules that do not match, of which the nearest are shown at once
const ORDER = { matched: 0, depends: 1, "not matched": 2 };

// `choose`: called with the id of a resource whose pattern is to be shown; `point`: of one to point at in the picture.
export function resultView(result, { choose, point, names }) {
  return [
    heading(result),
    el("h2", {}, "Steps"),
    el(
      "ol",
      { class: "steps" },
      ...result.steps.map((step) =>
        el(
          "li",
          { class: step.state },
          el("button", { type: "button", class: "link", onclick: () => point(step.ids) }, step.text),
        ),
      ),
    ),
    ...filters(result, choose, names),
    ...rules(result, choose),
    ...received(result, point, names),
  ];
}

function heading(result) {
  const targets = new Set(result.received.map((one) => one.resource)).size;
  const matched = result.rules.filter((rule) => rule.verdict === "matched").length;
  const parts = [
    targets === 0 ? "No target received it." : `${targets} ${targets === 1 ? "target" : "targets"} received it.`,
    result.rules.length === 0 ? "" : `${matched} of ${result.rules.length} rules match.`,
    ...result.failures,
  ];
  return el("p", { class: "summary" }, parts.filter(Boolean).join(" "));
}

function filters(result, choose, names) {
  if (result.filters.length === 0) return [];
  return [
    el("h2", {}, "Filtered out"),
    el(
      "ul",
      { class: "verdicts" },
      ...result.filters.map((filter) =>
        el(
          "li",
          { class: "missed" },
          button(names.get(filter.resource) ?? filter.resource, () => choose(filter.resource)),
          ...faults(filter.mismatches),
        ),
      ),
    ),
  ];
}

function rules(result, choose) {
  if (result.rules.length === 0) return [];
  const sorted = [...result.rules].sort(
    (a, b) => ORDER[a.verdict] - ORDER[b.verdict] || a.mismatches.length - b.mismatches.length,
  );
  const rows = sorted.map((rule) => () =>
    el(
      "li",
      { class: rule.verdict === "matched" ? "passed" : rule.verdict === "depends" ? "depends" : "missed" },
      button(rule.name, () => choose(rule.id)),
      ` ${WORDS[rule.verdict]}`,
      rule.depends_on.length > 0 ? ` on ${rule.depends_on.join(", ")}` : null,
      ...faults(rule.mismatches),
    ),
  );
  const matched = sorted.filter((rule) => rule.verdict !== "not matched").length;
  const first = rows.slice(0, matched + NEAREST).map((row) => row());
  return [el("h2", {}, "Rules"), el("ul", { class: "verdicts" }, ...first), ...later(rows.slice(matched + NEAREST))];
}

// The rules that are further from matching: their rows are made when one wants to see them.
function later(rows) {
  if (rows.length === 0) return [];
  const list = el("ul", { class: "verdicts" });
  const open = () => {
    if (list.childElementCount === 0) list.append(...rows.map((row) => row()));
  };
  return [el("details", { ontoggle: open }, el("summary", {}, `${rows.length} more rules that do not match`), list)];
}

function faults(mismatches) {
  return mismatches.map((one) =>
    el(
      "div",
      { class: "fault" },
      el("code", {}, one.field ?? one.path),
      ` expected ${one.expected}, found ${one.found}`,
      one.fix ? el("span", { class: "fix" }, `. Fix: ${one.fix}`) : null,
    ),
  );
}

function received(result, point, names) {
  if (result.received.length === 0) return [];
  return [
    el("h2", {}, "Received"),
    ...result.received.map((one) =>
      el(
        "details",
        { class: "received", open: result.received.length <= 3 },
        el("summary", {}, `${one.kind} ${names.get(one.resource) ?? one.resource}`),
        button("Show in the picture", () => point([one.resource])),
        Object.keys(one.parameters).length > 0 ? jsonView(one.parameters, { label: "Parameters" }) : null,
        jsonView(one.input, { label: `What ${names.get(one.resource) ?? one.resource} received` }),
      ),
    ),
  ];
}

function button(text, onclick) {
  return el("button", { type: "button", class: "link", onclick }, text);
}
