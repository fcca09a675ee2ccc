// The page that graph_html writes: the diagram, its controls, and what was chosen.

function startViewer() {
  const element = (id) => document.getElementById(id);
  const details = element("details");
  const diagram = new Diagram(element("viewport"), (id, box) => {
    const name = document.createElement("strong");
    name.textContent = [...box.querySelectorAll("text.name")].map((one) => one.textContent).join("");
    const rest = [...box.querySelectorAll("text:not(.name):not(.detail)")].map((one) => one.textContent).join(" · ");
    const pattern = document.createElement("pre");
    pattern.textContent = box.querySelector("title")?.textContent ?? "";
    details.replaceChildren(name, rest ? ` ${rest}` : "", pattern);
  });
  const controls = ["search", "count", "kinds", "fit", "zoomIn", "zoomOut"].map((id) => [id, element(id)]);
  const refresh = connectControls(diagram, Object.fromEntries(controls));
  diagram.show(document.querySelector("svg.diagram"));
  refresh();
}

startViewer();
