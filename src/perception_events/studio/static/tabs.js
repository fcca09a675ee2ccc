// Tabs as the ARIA practices describe them: arrow keys move, Home and End go to the ends.

export function connectTabs(list, onShow = () => {}) {
  const tabs = () => [...list.querySelectorAll('[role="tab"]')].filter((tab) => !tab.hidden);
  const show = (tab, focus = false) => {
    for (const one of list.querySelectorAll('[role="tab"]')) {
      const chosen = one === tab;
      one.setAttribute("aria-selected", String(chosen));
      one.tabIndex = chosen ? 0 : -1;
      document.getElementById(one.getAttribute("aria-controls")).hidden = !chosen;
    }
    if (focus) tab.focus();
    onShow(tab.id.replace("tab-", ""));
  };
  list.addEventListener("click", (event) => {
    const tab = event.target.closest('[role="tab"]');
    if (tab) show(tab);
  });
  list.addEventListener("keydown", (event) => {
    const all = tabs();
    const index = all.indexOf(document.activeElement);
    const next = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: all.length - 1 }[event.key];
    if (next === undefined || index < 0) return;
    event.preventDefault();
    show(all[(next + all.length) % all.length], true);
  });
  show(tabs()[0]);
  return (name, { focus = false } = {}) => show(document.getElementById(`tab-${name}`), focus);
}
