// How the playground's page asks: the library runs here, in Pyodide. Everything that is loaded from elsewhere is known by
// its hash; what one types, and the link that shares it, stays in the browser: a fragment is never sent to a server.

const settings = await (await fetch("settings.json")).json();
const base = new URL(settings.base, location.href).href;
const plainFetch = globalThis.fetch.bind(globalThis);

globalThis.fetch = (resource, options = {}) => {
  const address = new URL(resource instanceof Request ? resource.url : resource, location.href).href;
  if (!address.startsWith(base)) return plainFetch(resource, options);
  const integrity = settings.integrity[address.slice(base.length)];
  if (!integrity) return Promise.reject(new Error(`${address} has no known hash`));
  return plainFetch(resource, { ...options, integrity }).catch(failed); // Pyodide itself would wait for ever
};

let run;

function failed(error) {
  document.getElementById("state").textContent = `Python could not be loaded: ${error.message}`;
  throw error;
}

async function start() {
  document.getElementById("state").textContent = "Python is loading...";
  await load().catch(failed);
  document.getElementById("state").textContent = "";
}

async function load() {
  const { loadPyodide } = await import("pyodide");
  const [pyodide, core] = await Promise.all([
    loadPyodide({ indexURL: base }),
    plainFetch(settings.core).then((response) => response.arrayBuffer()),
  ]);
  pyodide.unpackArchive(core, "zip", { extractDir: "/core" });
  pyodide.runPython("import sys; sys.path.insert(0, '/core')");
  run = pyodide.runPython("from perception_events.studio.playground import run; run()");
}

export const ready = start();

export async function call(action, args = {}) {
  const result = JSON.parse(run(action, JSON.stringify(args)));
  if (result.failed !== undefined) throw new Error(result.failed);
  return result;
}

export function watch() {} // there are no files that could change

// A link holds everything in its fragment, packed.
export const sharing = {
  file: settings.file,
  examples: settings.examples,
  async pack(state) {
    const packed = new Blob([JSON.stringify(state)]).stream().pipeThrough(new CompressionStream("deflate-raw"));
    const bytes = new Uint8Array(await new Response(packed).arrayBuffer());
    const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
    return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  },
  async unpack(text) {
    const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
    const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    return JSON.parse(await new Response(unpacked).text());
  },
};
