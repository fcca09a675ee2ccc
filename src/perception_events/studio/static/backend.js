// How the page asks: the server that it came from. The playground has a module of the same exports that runs in the page.

export async function call(action, args = {}) {
  const response = await fetch(`api/${action}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(args),
  });
  if (response.headers.get("content-type")?.startsWith("application/json")) {
    const result = await response.json();
    if (!response.ok) throw new Error(result.error?.reason ?? response.statusText);
    return result;
  }
  throw new Error(`${response.status} ${await response.text()}`);
}

// Calls `changed` with the number of each new reading of the files, and of inputs that were followed.
export function watch(changed) {
  const changes = new EventSource("api/changes");
  changes.onmessage = (message) => changed(JSON.parse(message.data));
}

export const ready = Promise.resolve();

export const sharing = null; // what is local is not shared by a link
