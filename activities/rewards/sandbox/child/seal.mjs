/**
 * The wall around the interpreter: which of its imports WebAssembly code may still call once programs run.
 *
 * Whatever Python code does, it runs as WebAssembly, which can touch nothing but its own memory except through the functions
 * imported at instantiation. Before a program runs, all of them are closed but a handful that convert the arguments and
 * results of our own calls. So it does not matter what a program digs out of the interpreter (JavaScript proxies, the
 * foreign-function interface, corrupted objects): there is nothing left to call.
 */

/**
 * Argument and result conversion, calls through WebAssembly's own function table, and calendar arithmetic. None reaches a
 * JavaScript object of use, or anything but the interpreter's memory.
 */
const harmless = new Set([
  'JsvArray_Get',
  'JsvError_Check',
  'JsvNoValue_Check',
  'js2python_js',
  '_python2js_ascii',
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
 * @param {number} limits.megabytes  Most memory the interpreter may have; beyond it, allocation fails inside Python.
 * @param {() => number} limits.pendingSignal  Polled by the interpreter as it runs: 2 raises KeyboardInterrupt, 0 nothing.
 * @param {(name: string) => never} limits.onForbidden  Called with the name of a closed import; must end the process.
 * @returns {{ seal: (memory: () => Uint8Array) => void }} `seal` closes the imports for good.
 */
export function guardImports({ megabytes, pendingSignal, onForbidden }) {
  // Promise integration would let a program wait for JavaScript; without these two names Pyodide leaves it out.
  delete WebAssembly.Suspending;
  delete WebAssembly.promising;

  /** @type {null | (() => Uint8Array)} */
  let sealedMemory = null;
  const instantiate = WebAssembly.instantiate;

  const guard = (name, open) => {
    if (name === '_Py_CheckEmscriptenSignals_Helper') return pendingSignal;
    if (name === 'emscripten_resize_heap') return (bytes) => (bytes >>> 0 > growthLimit(megabytes) ? 0 : open(bytes));
    if (harmless.has(name)) return open;
    const closed = whenClosed(name, onForbidden);
    return (...values) => (sealedMemory === null ? open(...values) : closed(sealedMemory, ...values));
  };

  WebAssembly.instantiate = (source, imports) => {
    const environment = imports?.env ?? {};
    // In place: the module also hands these functions out by address, and keeps notes on them as properties.
    for (const [name, value] of Object.entries(environment))
      if (typeof value === 'function') environment[name] = Object.assign(guard(name, value), value);
    return instantiate(source, imports);
  };

  return {
    seal(memory) {
      sealedMemory = memory;
    },
  };
}

/** Emscripten grows to at most 1.2 times what is asked for, so asking is stopped short of the limit. */
function growthLimit(megabytes) {
  return Math.floor((megabytes * 2 ** 20) / 1.2);
}

/** What a closed import does instead: system calls fail as for an unprivileged process, clocks stand still, all else ends it. */
function whenClosed(name, onForbidden) {
  if (name.startsWith('__syscall_')) return () => -operationNotPermitted;
  if (name.startsWith('fd_')) return () => operationNotPermitted;
  if (name === 'clock_time_get')
    return (memory, _clock, _precision, address) => {
      const { buffer } = memory();
      new DataView(buffer).setBigInt64(address >>> 0, standingClock, true);
      return 0;
    };
  if (name === 'random_get')
    return (memory, address, size) => {
      memory().fill(0, address >>> 0, (address >>> 0) + (size >>> 0));
      return 0;
    };
  return () => onForbidden(name);
}

/** 1 January 2024 in nanoseconds: programs see no time passing, so what they give does not depend on when they run. */
const standingClock = 1_704_067_200_000_000_000n;
