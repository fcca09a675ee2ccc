// The studio's page: picture, event, patterns, findings and source, kept in step with the workbench.

import { call, ready, sharing, watch } from "./backend.js";
import { Diagram, connectControls } from "./diagram.js";
import { byId, el, options } from "./dom.js";
import { patternView, showError } from "./patterns.js";
import { resultView } from "./results.js";
import { findingsView, joinsView, sentence, sourceView } from "./source.js";
import { connectTabs } from "./tabs.js";

const TYPED_MOST = 500_000; // characters; a larger event stays in its file, since a text field would be slow
const STEP = 150; // milliseconds between steps that light up
const LONGEST = 1_500;

const state = { overview: null, names: new Map(), result: null, large: null, file: null, light: 0, followed: 0 };

const diagram = new Diagram(byId("viewport"), (id) => {
  if (holder(id)) showPatterns(id);
});
const refreshControls = connectControls(
  diagram,
  Object.fromEntries(["search", "count", "kinds", "fit", "zoomIn", "zoomOut"].map((id) => [id, byId(id)])),
);
const showTab = connectTabs(byId("tabs"), (name) => {
  if (name === "joins") showJoins();
});

// --- the system

async function refresh() {
  show(await call("overview"));
}

function show(overview) {
  state.overview = overview;
  state.names = new Map(overview.resources.map((one) => [one.id, one.name]));
  byId("title").textContent = overview.title || "Studio";
  document.title = overview.title ? `${overview.title} - Studio` : "Studio";
  const picture = new DOMParser().parseFromString(overview.svg, "image/svg+xml").documentElement;
  diagram.show(document.importNode(picture, true));
  refreshControls();
  const holders = overview.resources.filter((one) => one.patterns > 0).map((one) => [one.id, `${one.name} (${one.kind})`]);
  options(byId("makers"), holders);
  options(byId("holders"), [["", "Choose one"], ...holders]);
  options(byId("to"), [["", "where it belongs"], ...overview.places.map((id) => [id, state.names.get(id) ?? id])]);
  options(byId("samples"), [["", "Choose one"], ...overview.samples.map((name, index) => [index, name])]);
  options(byId("files"), overview.files.map((file) => [file, file]));
  byId("panel-findings").replaceChildren(...findingsView(overview.findings, { open: openSource, point }));
  byId("tab-findings").textContent = `Findings (${overview.findings.length})`;
  byId("tab-joins").hidden = !overview.has_joins;
  byId("tab-source").hidden = overview.files.length === 0;
  byId("tab-live").hidden = !overview.is_live;
  byId("editing").hidden = !overview.is_editable;
  showProblems(overview.errors);
  byId("state").textContent = overview.errors.length > 0 ? "The picture is the last good one." : "";
  if (state.file && overview.files.includes(state.file) && byId("source-text").hidden) openSource(state.file);
}

function showProblems(errors) {
  byId("errors").replaceChildren(
    ...errors.map((error) =>
      el(
        "p",
        {},
        error.file && error.line
          ? el("button", { type: "button", class: "link", onclick: () => openSource(error.file, error.line) }, `${error.file}:${error.line}`)
          : "",
        ` ${error.reason}${error.fix ? `; ${error.fix}` : ""}`,
      ),
    ),
  );
}

const holder = (id) => state.overview?.resources.some((one) => one.id === id && one.patterns > 0);

function point(ids) {
  const id = ids.find((one) => diagram.boxes.has(one));
  if (id === undefined) return;
  diagram.select(id, { reveal: true, quiet: true });
}

// --- sending

byId("samples").addEventListener("change", async (event) => {
  if (event.target.value !== "") setEvent((await call("sample", { index: Number(event.target.value) })).text);
});
byId("file").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  if (file) setEvent(await file.text(), file.name);
});
byId("generate").addEventListener("click", async () => {
  state.seed = (state.seed ?? -1) + 1;
  const made = await call("generate", { resource: byId("makers").value, seed: state.seed });
  if (made.error) showError(byId("event"), byId("event-error"), made.error);
  else setEvent(made.text);
});
byId("event").addEventListener("input", () => {
  state.large = null;
});
byId("sending").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
byId("sending").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    send();
  }
});

function setEvent(text, name) {
  const isLarge = text.length > TYPED_MOST;
  state.large = isLarge ? text : null;
  byId("event").value = isLarge ? `(${name ?? "a file"}: ${text.length} characters; it is sent as it is)` : text;
  showError(byId("event"), byId("event-error"), undefined);
}

async function send() {
  const started = performance.now();
  const result = await call("send", { text: state.large ?? byId("event").value, to: byId("to").value || null });
  showError(byId("event"), byId("event-error"), result.error);
  if (result.error) return;
  showResult(result);
  const milliseconds = performance.now() - started;
  byId("result").dataset.milliseconds = milliseconds.toFixed(0);
  byId("result").append(el("p", { class: "quiet" }, `${milliseconds.toFixed(0)} ms from send to result`));
  await light(result.steps);
  byId("result").dataset.lit = String(Number(byId("result").dataset.lit ?? 0) + 1);
}

function showResult(result) {
  state.result = result;
  byId("result").replaceChildren(...resultView(result, { choose: showPatterns, point, names: state.names }));
}

// Step by step, so that the way can be followed; at once where the reader wants no motion.
async function light(steps) {
  const mine = (state.light += 1);
  diagram.clearLights();
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const pause = still ? 0 : Math.min(STEP, LONGEST / Math.max(steps.length, 1));
  for (const step of steps) {
    if (mine !== state.light) return; // something else has been sent
    for (const id of step.ids) diagram.lightOne(id, step.state);
    if (pause > 4) await new Promise((resolve) => setTimeout(resolve, pause));
  }
  diagram.follow(steps.filter((step) => step.state === "passed").flatMap((step) => step.ids));
}

// --- patterns

byId("holders").addEventListener("change", (event) => {
  if (event.target.value !== "") showPatterns(event.target.value);
});

async function showPatterns(resource) {
  const { patterns } = await call("patterns", { resource });
  byId("holders").value = resource;
  byId("pattern-hint").hidden = true;
  byId("patterns").replaceChildren(...patternView(resource, patterns, { call, tried }));
  byId("makers").value = resource;
  diagram.select(resource, { quiet: true });
  showTab("pattern");
}

async function tried(resource, current) {
  state.overview.tried = (await call("overview")).tried;
  const [seen] = current.values;
  if (seen) diagram.lightOne(resource, seen.matches ? "passed" : "missed");
}

// --- source, findings, joins

byId("files").addEventListener("change", (event) => openSource(event.target.value));

async function openSource(file, line) {
  state.file = file;
  const { text } = await call("source", { file });
  const notes = [
    ...state.overview.errors.map((one) => ({ ...one, severity: "error", text: one.reason })),
    ...state.overview.findings.map((one) => ({ ...one, text: `${one.identifier} ${sentence(one)} Fix: ${one.fix}` })),
  ].filter((note) => note.file === file && note.line);
  byId("files").value = file;
  byId("source").replaceChildren(...sourceView(text, notes));
  byId("discard").hidden = !state.overview.edited.includes(file);
  if (byId("source-text").hidden) byId("source-text").value = text;
  if (line === undefined) return;
  showTab("source");
  const row = byId("source").querySelector(`[data-line="${Number(line)}"]`);
  row?.scrollIntoView({ block: "center" });
  row?.classList.add("here");
}

byId("tab-source").addEventListener("click", () => {
  if (!state.file && state.overview.files.length > 0) openSource(state.overview.files[0]);
});
byId("editing").addEventListener("click", () => {
  const text = byId("source-text");
  text.hidden = !text.hidden;
  byId("editing").setAttribute("aria-pressed", String(!text.hidden));
  if (!text.hidden) text.focus();
});
let timer;
byId("source-text").addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    try {
      show(await call("edit", { file: state.file, text: byId("source-text").value }));
      await openSource(state.file);
    } catch (error) {
      showProblems([{ reason: error.message }]);
    }
  }, 400);
});
byId("discard").addEventListener("click", async () => {
  show(await call("edit", { file: state.file, text: null }));
  byId("source-text").hidden = true;
  byId("editing").setAttribute("aria-pressed", "false");
  await openSource(state.file);
});

const LIVE_MOST = 200; // records in the list

async function showLive() {
  const { count, inputs } = await call("live", { after: state.followed });
  state.followed = count;
  const list = byId("live");
  for (const input of inputs) {
    const words = input.failed ? "failed" : input.filtered_out ? "filtered out" : `${input.received} received`;
    const show = async () => {
      await showFollowed(input.number);
      showTab("event");
    };
    list.prepend(el("li", {}, el("button", { type: "button", class: "link", onclick: show }, input.title), ` ${words}`));
  }
  while (list.childElementCount > LIVE_MOST) list.lastElementChild.remove();
  if (byId("following").checked && inputs.length > 0) await showFollowed(inputs.at(-1).number);
}

async function showFollowed(number) {
  const result = await call("live_result", { number });
  showResult(result);
  await light(result.steps);
}

async function showJoins() {
  const { groups } = await call("joins");
  byId("panel-joins").replaceChildren(...joinsView(groups));
}

// --- sharing, in the playground

async function startSharing() {
  byId("examples-label").hidden = byId("share").hidden = false;
  options(byId("examples"), [["", "Choose one"], ...Object.keys(sharing.examples).map((name) => [name, name])]);
  byId("examples").addEventListener("change", async (event) => {
    const text = sharing.examples[event.target.value];
    if (text !== undefined) await useText(text);
  });
  byId("share").addEventListener("click", async () => {
    const shared = {
      source: (await call("source", { file: sharing.file })).text,
      event: state.large === null ? byId("event").value : "",
      tried: state.overview.tried.length > 0 ? (await call("overview")).tried : [],
    };
    history.replaceState(null, "", `#${await sharing.pack(shared)}`);
    byId("state").textContent = "The link is in the address bar.";
    await navigator.clipboard?.writeText(location.href).catch(() => {});
  });
  if (location.hash.length > 1) {
    try {
      const shared = await sharing.unpack(location.hash.slice(1));
      await useText(String(shared.source));
      setEvent(String(shared.event));
      for (const { resource, index, text } of shared.tried) await call("try_pattern", { resource, index, text });
      await refresh();
    } catch {
      byId("state").textContent = "The link cannot be read.";
    }
  }
}

async function useText(text) {
  show(await call("edit", { file: sharing.file, text }));
  byId("source-text").hidden = true;
  await openSource(sharing.file);
}

window.addEventListener("unhandledrejection", (event) => {
  byId("state").textContent = `Something went wrong: ${event.reason?.message ?? event.reason}`;
});

await ready;
await refresh();
if (sharing) await startSharing();
watch(async ({ version, followed }) => {
  if (version !== state.overview.version) await refresh();
  if (followed > state.followed) await showLive();
});
document.documentElement.dataset.ready = "true";
