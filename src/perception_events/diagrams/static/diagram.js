// A diagram in a page: pan, zoom, search, filter, and a selection that keys can move. It draws nothing: the SVG comes
// from graph_svg. Texts are only ever set as text.

const LARGEST = 1.4; // pixels of the screen for one of the picture
const PAN = 60; // pixels of the screen for a key press

export class Diagram {
  // `viewport`: the element that holds the SVG. `onSelect`: called with the id of the box that was chosen.
  constructor(viewport, onSelect = () => {}) {
    this.viewport = viewport;
    this.onSelect = onSelect;
    this.view = null; // x, y, width, height of what is shown, in pixels of the picture
    this.hiddenKinds = new Set();
    this.text = "";
    viewport.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    viewport.addEventListener("pointerdown", (event) => this.#drag(event));
    viewport.addEventListener("keydown", (event) => this.#key(event));
    viewport.addEventListener("click", (event) => {
      const box = event.target.closest?.("g.box");
      if (box && !this.dragged) this.select(box.dataset.id);
    });
    new ResizeObserver(() => this.#apply()).observe(viewport);
  }

  // Show `svg` in place of what is shown; the view stays where the picture has kept its size.
  show(svg) {
    const size = svg.getAttribute("viewBox").split(" ").map(Number);
    const same = this.size && this.size[2] === size[2] && this.size[3] === size[3];
    this.size = size;
    this.svg = svg;
    svg.removeAttribute("width");
    svg.removeAttribute("height");
    this.boxes = new Map();
    for (const box of svg.querySelectorAll("g.box")) {
      const words = [...box.querySelectorAll("text")].map((one) => one.textContent).join(" ");
      box.setAttribute("role", "button");
      box.setAttribute("tabindex", "-1");
      box.setAttribute("aria-label", box.dataset.kind ? `${words}, ${box.dataset.kind}` : words);
      this.boxes.set(box.dataset.id, box);
    }
    svg.setAttribute("role", "group");
    svg.setAttribute("aria-label", "Diagram");
    this.boxes.values().next().value?.setAttribute("tabindex", "0");
    this.arrows = [...svg.querySelectorAll("path.arrow")];
    this.frames = new Map([...svg.querySelectorAll("rect.frame")].map((frame) => [frame.dataset.id, frame]));
    this.viewport.replaceChildren(svg);
    if (!same || !this.view) this.fit();
    else this.#apply();
    this.#mark();
    if (this.selected !== undefined && this.boxes.has(this.selected)) this.#showSelection();
  }

  kinds() {
    const counts = new Map();
    for (const box of this.boxes.values()) {
      const kind = box.dataset.kind || "other";
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    return counts;
  }

  // Mark the boxes that hold `text`, the others fade; returns the ids that were found.
  search(text) {
    this.text = text.trim().toLowerCase();
    return this.#mark();
  }

  hideKinds(kinds) {
    this.hiddenKinds = new Set(kinds);
    this.#mark();
  }

  // Give boxes and arrows a state that a style sheet shows, such as "passed"; all others lose theirs.
  light(states) {
    this.clearLights();
    for (const [id, state] of states) this.lightOne(id, state);
  }

  clearLights() {
    for (const lit of this.svg?.querySelectorAll("[data-state]") ?? []) lit.removeAttribute("data-state");
  }

  lightOne(id, state) {
    this.boxes.get(id)?.setAttribute("data-state", state);
    if (state === "missed") return;
    for (const arrow of this.arrows) {
      const lit = (end) => end === id || this.boxes.get(end)?.dataset.state === "passed";
      const touches = arrow.dataset.start === id || arrow.dataset.end === id || arrow.dataset.id === id;
      if (touches && lit(arrow.dataset.start) && lit(arrow.dataset.end)) arrow.setAttribute("data-state", state);
    }
  }

  // `quiet`: without calling `onSelect`.
  select(id, { focus = false, reveal = false, quiet = false } = {}) {
    const box = this.boxes.get(id);
    if (!box) return;
    this.selected = id;
    this.#showSelection();
    if (focus) box.focus({ preventScroll: true });
    if (reveal) this.reveal(id);
    if (!quiet) this.onSelect(id, box);
  }

  // Move the view so that the box is in its middle.
  reveal(id) {
    const box = this.boxes.get(id)?.querySelector("rect");
    if (!box) return;
    const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => Number(box.getAttribute(name)));
    const [, , w, h] = this.view;
    const scale = Math.min(1, Math.max(900, this.viewport.getBoundingClientRect().width / LARGEST) / w);
    this.view = [x + width / 2 - (w * scale) / 2, y + height / 2 - (h * scale) / 2, w * scale, h * scale];
    this.#apply();
  }

  // Where the picture is too small to be read, move the view to these boxes; a frame's title alone does not count.
  follow(ids) {
    if (this.#scale() < 1.5) return;
    const rects = ids.filter((id) => this.boxes.has(id) && !this.frames.has(id)).map((id) => {
      const box = this.boxes.get(id).querySelector("rect");
      return ["x", "y", "width", "height"].map((name) => Number(box.getAttribute(name)));
    });
    if (rects.length === 0) return;
    const left = Math.min(...rects.map(([x]) => x)) - 40;
    const top = Math.min(...rects.map(([, y]) => y)) - 40;
    const right = Math.max(...rects.map(([x, , w]) => x + w)) + 40;
    const bottom = Math.max(...rects.map(([, y, , h]) => y + h)) + 40;
    this.#show([left, top, right - left, bottom - top]);
  }

  // All of the picture.
  fit() {
    this.#show(this.size);
  }

  // Show a part in the middle; a small one is not blown up beyond LARGEST.
  #show([x, y, w, h]) {
    const { width, height } = this.viewport.getBoundingClientRect();
    const [wide, high] = [Math.max(w, width / LARGEST), Math.max(h, height / LARGEST)];
    this.view = [x - (wide - w) / 2, y - (high - h) / 2, wide, high];
    this.#apply();
  }

  zoom(factor, at = [0.5, 0.5]) {
    const [x, y, width, height] = this.view;
    const w = Math.min(Math.max(width * factor, 60), this.size[2] * 4 + 400);
    const h = (height * w) / width;
    this.view = [x + (width - w) * at[0], y + (height - h) * at[1], w, h];
    this.#apply();
  }

  pan(dx, dy) {
    const scale = this.#scale();
    this.view = [this.view[0] + dx * scale, this.view[1] + dy * scale, this.view[2], this.view[3]];
    this.#apply();
  }

  #scale() {
    const { width, height } = this.viewport.getBoundingClientRect();
    return Math.max(this.view[2] / (width || 1), this.view[3] / (height || 1));
  }

  #apply() {
    if (this.svg && this.view) this.svg.setAttribute("viewBox", this.view.map((one) => one.toFixed(1)).join(" "));
  }

  #mark() {
    const found = [];
    const hidden = new Set();
    for (const [id, box] of this.boxes ?? []) {
      if (this.hiddenKinds.has(box.dataset.kind || "other")) hidden.add(id);
      const hit = this.text !== "" && box.textContent.toLowerCase().includes(this.text);
      if (hit && !hidden.has(id)) found.push(id);
      box.classList.toggle("hidden", hidden.has(id));
      box.classList.toggle("dim", this.text !== "" && !hit);
      box.classList.toggle("found", hit);
      this.frames.get(id)?.classList.toggle("hidden", hidden.has(id));
    }
    for (const arrow of this.arrows ?? []) {
      arrow.classList.toggle("hidden", hidden.has(arrow.dataset.start) || hidden.has(arrow.dataset.end));
      arrow.classList.toggle("dim", this.text !== "");
    }
    return found;
  }

  #showSelection() {
    for (const [id, box] of this.boxes) {
      const chosen = id === this.selected;
      box.classList.toggle("selected", chosen);
      box.setAttribute("aria-pressed", String(chosen));
      box.setAttribute("tabindex", chosen ? "0" : "-1");
    }
    for (const arrow of this.arrows) {
      arrow.classList.toggle("near", [arrow.dataset.start, arrow.dataset.end].includes(this.selected));
    }
  }

  #wheel(event) {
    event.preventDefault();
    const { left, top, width, height } = this.viewport.getBoundingClientRect();
    this.zoom(event.deltaY > 0 ? 1.15 : 1 / 1.15, [(event.clientX - left) / width, (event.clientY - top) / height]);
  }

  #drag(event) {
    if (event.button !== 0) return;
    let [x, y] = [event.clientX, event.clientY];
    this.dragged = false;
    const move = (next) => {
      if (Math.abs(next.clientX - event.clientX) + Math.abs(next.clientY - event.clientY) > 4) this.dragged = true;
      if (this.dragged) this.pan(x - next.clientX, y - next.clientY);
      [x, y] = [next.clientX, next.clientY];
    };
    const end = () => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", end);
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", end);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const directions = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const direction = directions[event.key];
    const box = event.target.closest?.("g.box");
    if (direction && event.shiftKey) this.pan(direction[0] * PAN, direction[1] * PAN);
    else if (direction) this.#step(box, direction);
    else if (event.key === "+" || event.key === "=") this.zoom(1 / 1.25);
    else if (event.key === "-") this.zoom(1.25);
    else if (event.key === "0") this.fit();
    else if ((event.key === "Enter" || event.key === " ") && box) this.select(box.dataset.id);
    else return;
    event.preventDefault();
  }

  // To the nearest box in a direction: what lies sideways counts double.
  #step(box, [dx, dy]) {
    const centre = (one) => {
      const rect = one.getBoundingClientRect();
      return [rect.left + rect.width / 2, rect.top + rect.height / 2];
    };
    const boxes = [...this.boxes.values()].filter((one) => !one.classList.contains("hidden"));
    const from = box ?? this.boxes.get(this.selected) ?? boxes[0];
    if (!from) return;
    const [x, y] = centre(from);
    let best = null;
    for (const one of boxes) {
      const [cx, cy] = centre(one);
      const ahead = (cx - x) * dx + (cy - y) * dy;
      const aside = Math.abs((cx - x) * dy) + Math.abs((cy - y) * dx);
      if (one !== from && ahead > 1 && (!best || ahead + 2 * aside < best.distance)) {
        best = { one, distance: ahead + 2 * aside };
      }
    }
    this.select((best?.one ?? from).dataset.id, { focus: true });
    const rect = (best?.one ?? from).getBoundingClientRect();
    const seen = this.viewport.getBoundingClientRect();
    const outside = rect.left < seen.left || rect.right > seen.right || rect.top < seen.top || rect.bottom > seen.bottom;
    if (outside) this.reveal(this.selected);
  }
}

// Connect a search field and a list of kinds to a diagram; both may be filled again when the picture changes.
export function connectControls(diagram, { search, count, kinds, fit, zoomIn, zoomOut }) {
  let found = [];
  let next = 0;
  const update = () => {
    found = diagram.search(search.value);
    next = 0;
    count.textContent = search.value.trim() === "" ? "" : `${found.length} found`;
  };
  search.addEventListener("input", update);
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || found.length === 0) return;
    event.preventDefault();
    diagram.select(found[next % found.length], { reveal: true });
    next += 1;
  });
  fit.addEventListener("click", () => diagram.fit());
  zoomIn.addEventListener("click", () => diagram.zoom(1 / 1.25));
  zoomOut.addEventListener("click", () => diagram.zoom(1.25));
  return () => {
    const checked = new Map([...kinds.querySelectorAll("input")].map((one) => [one.value, one.checked]));
    kinds.replaceChildren();
    for (const [kind, number] of diagram.kinds()) {
      const input = Object.assign(document.createElement("input"), { type: "checkbox", value: kind });
      input.checked = checked.get(kind) ?? true;
      const label = document.createElement("label");
      label.append(input, ` ${kind} (${number})`);
      kinds.append(label);
    }
    kinds.onchange = () =>
      diagram.hideKinds([...kinds.querySelectorAll("input")].filter((one) => !one.checked).map((one) => one.value));
    kinds.onchange();
    update();
  };
}
