/**
 * The wall around the interpreter: which of its imports WebAssembly code may still call once programs run.
 *
 * Whatever Python code does, it runs as WebAssembly, which can touch nothing but its own memory except through the functions
 * imported at instantiation. Before a program runs, all of them are closed but a handful that reckon with dates. So it does not matter
 * what a program digs out of the interpreter (JavaScript proxies, the foreign-function interface, corrupted objects): there is nothing
 * left to call.
 */

/** Calls through WebAssembly's own function table, and calendar arithmetic. None reaches anything but the interpreter's memory. */
const harmless = new Set([
  '_PyEM_TrampolineCall_JS',
  '_gmtime_js',
  '_localtime_js',
  '_mktime_js',
  '_timegm_js',
  '_tzset_js',
]);

/** EPERM in WASI's numbering, which Emscripten's C library shares. */
const operationNotPermitted = 63;

/**
 * Makes `WebAssembly.instantiate` close over the imports it is given.
 *
 * @param {object} limits
 * @param {() => number} limits.pendingSignal  Polled by the interpreter as it runs: 2 raises KeyboardInterrupt, 0 nothing.
 * @param {(bytes: number) => boolean} limits.grow  Asked for a memory of so many bytes, once sealed; false fails the allocation.
 * @param {(name: string) => never} limits.onForbidden  Called with the name of a closed import; must throw.
 * @returns {{ seal: () => void }} `seal` closes the imports for good.
 */
export function guardImports({ pendingSignal, grow, onForbidden }) {
  // Promise integration would let a program wait for JavaScript; without these two names Pyodide leaves it out.
  delete WebAssembly.Suspending;
  delete WebAssembly.promising;
  // Times of files, which Python reads as it starts.
  Date.now = constant.emscripten_date_now;

  let isSealed = false;
  /** @type {null | WebAssembly.Memory} The interpreter's. */
  let memory = null;
  const instantiate = WebAssembly.instantiate;

  const guard = (name, open) => {
    if (name === '_Py_CheckEmscriptenSignals_Helper') return pendingSignal;
    if (harmless.has(name)) return open;
    if (name in constant) return (...values) => constant[name](new Uint8Array(memory.buffer), ...values);
    const closed =
      name === 'emscripten_resize_heap' ? (bytes) => Number(grow(bytes >>> 0)) : whenClosed(name, onForbidden);
    return (...values) => (isSealed ? closed : open)(...values);
  };

  WebAssembly.instantiate = async (source, imports) => {
    const environment = imports?.env ?? {};
    // In place: the module also hands these functions out by address, and keeps notes on them as properties.
    for (const [name, value] of Object.entries(environment))
      if (typeof value === 'function') environment[name] = Object.assign(guard(name, value), value);
    const made = await instantiate(source, imports);
    memory ??= made.instance?.exports.memory ?? null;
    return made;
  };

  return {
    seal() {
      isSealed = true;
    },
  };
}

/** What a closed import does instead: system calls fail as for an unprivileged process, all else ends the call. */
function whenClosed(name, onForbidden) {
  if (name.startsWith('__syscall_')) return () => -operationNotPermitted;
  if (name.startsWith('fd_')) return () => operationNotPermitted;
  return () => onForbidden(name);
}

/** 1 January 2024 in nanoseconds: programs see no time passing, so what they give does not depend on when they run. */
const standingClock = 1_704_067_200_000_000_000n;

/** Clock and chance, which are none from the start: two processes hold the same in their memory, byte for byte. */
const constant = {
  clock_time_get(memory, _clock, _precision, address) {
    new DataView(memory.buffer).setBigInt64(address >>> 0, standingClock, true);
    return 0;
  },
  random_get(memory, address, size) {
    memory.fill(0, address >>> 0, (address >>> 0) + (size >>> 0));
    return 0;
  },
  emscripten_date_now: () => Number(standingClock) / 1e6,
  emscripten_get_now: () => 0,
};
