// Findings, and the file with each finding under the line that it is about.

import { el } from "./dom.js";

export function findingsView(findings, { open, point }) {
  if (findings.length === 0) return [el("p", {}, "Nothing was found.")];
  return [
    el(
      "ul",
      { class: "findings" },
      ...findings.map((finding) =>
        el(
          "li",
          { class: finding.severity },
          el("strong", {}, `${finding.severity} ${finding.identifier}`),
          ` ${sentence(finding)}`,
          el("div", { class: "fix" }, `Fix: ${finding.fix}`),
          finding.line
            ? el(
                "button",
                { type: "button", class: "link", onclick: () => open(finding.file, finding.line) },
                `${finding.file}:${finding.line}`,
              )
            : finding.location,
          " ",
          el("button", { type: "button", class: "link", onclick: () => point([finding.resource]) }, "Show in the picture"),
        ),
      ),
    ),
  ];
}

// The check's summary, and what is the matter here.
export const sentence = ({ summary, reason }) => `${summary.replace(/\.$/, "")}: ${reason}.`;

export function sourceView(text, notes) {
  const byLine = Map.groupBy ? Map.groupBy(notes, (note) => note.line) : grouped(notes);
  const rows = [];
  text.split("\n").forEach((line, index) => {
    const number = index + 1;
    const here = byLine.get(number) ?? [];
    const worst = here[0]?.severity ?? "";
    rows.push(
      el(
        "div",
        { class: `line ${worst}`, "data-line": number },
        el("span", { class: "number", "aria-hidden": "true" }, String(number)),
        el("code", {}, line || " "),
      ),
    );
    for (const note of here) rows.push(el("div", { class: `remark ${note.severity}` }, note.text));
  });
  return rows;
}

function grouped(notes) {
  const found = new Map();
  for (const note of notes) found.set(note.line, [...(found.get(note.line) ?? []), note]);
  return found;
}

export function joinsView(groups) {
  if (groups.length === 0) return [el("p", {}, "No group of a join is open.")];
  const head = ["join", "group", "status", "members", "missing", "due"];
  return [
    el(
      "table",
      {},
      el("thead", {}, el("tr", {}, ...head.map((name) => el("th", { scope: "col" }, name)))),
      el(
        "tbody",
        {},
        ...groups.map((group) =>
          el(
            "tr",
            {},
            el("td", {}, group.join),
            el("td", {}, [group.site, group.date, ...group.group].join(" ")),
            el("td", {}, group.status),
            el("td", {}, group.members.join(", ")),
            el("td", {}, group.missing.length > 0 ? group.missing.join(", ") : String(group.missing_count ?? "not known")),
            el("td", {}, group.due_at ?? "-"),
          ),
        ),
      ),
    ),
  ];
}
