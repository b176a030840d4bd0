/**
 * Python in WebAssembly, sealed: functions that take a text and give a text, and a memory that can be put back.
 *
 * Calls go through Python's C interface. Pyodide's proxies would not do: they need imports that are closed, and give up for good
 * when one of them ends a call. Here whatever happens in a call ends that call alone, in a text or in the word for what befell it, and
 * after `restore` the interpreter is what it was.
 */
import { constants, readFileSync } from 'node:fs';
import { guardImports } from './seal.mjs';

const MiB = 2 ** 20;

/** Memory grows to so many times its size at least: each time, views of all of it are made anew. */
const growth = 1.25;
/** Texts up to this size, in bytes, are handed over in the same place each time. */
const handOverBytes = 64 * 2 ** 10;
/** A heap that has grown by more in a plain call was not left as small as it was found. */
const mostPlainGrowth = 8 * MiB;
/** Memory that grew cannot shrink. Once so many bytes of it have been cleared, a new process is cheaper. */
const mostCleared = 16 * 2 ** 30;

const fileInput = 257;
const interrupt = 2;

/**
 * @param {object} options
 * @param {string} options.pyodideUrl
 * @param {number} options.megabytes  Most memory, the interpreter's own included; beyond it, allocation fails inside Python.
 * @param {readonly string[]} options.files  Python files beside this one, run in this order in one namespace.
 * @param {(namespace: { call: (name: string, text?: string) => unknown }) => void} options.warmUp  Calls that are to be part of the snapshot.
 * @param {() => boolean} options.isOverTime  Whether the running call is to be interrupted; asked again and again as Python runs.
 * @param {() => boolean} options.isOverdue  Whether, having been interrupted, it is to be ended.
 */
export async function loadInterpreter({ pyodideUrl, megabytes, files, warmUp, isOverTime, isOverdue }) {
  /** What ended the running call. Kept beside what is thrown, which a program might find a way to catch. */
  let end = null;
  /** Whether the running call was refused memory. */
  let isRefused = false;
  const stop = (failure, detail) => {
    end ??= { failure, detail };
    throw new Error(detail);
  };

  const { seal } = guardImports({
    pendingSignal: () => {
      if (!isOverTime()) return 0;
      if (isOverdue()) stop('timeout', 'it did not end when it was interrupted');
      return interrupt;
    },
    // Exactly so much, whatever has been granted before: how far memory had grown decides no outcome.
    grow: (bytes) => {
      const most = megabytes * MiB;
      isRefused ||= bytes > most;
      return bytes <= most && c.growMemory(Math.min(most, Math.max(bytes, growth * memory().length))) === 1;
    },
    onForbidden: (name) => stop(/exit|abort/.test(name) ? 'exit' : 'forbidden', `closed import ${name}`),
  });

  // Emscripten reads the file system's constants this way, which the permission model forbids.
  process.binding = () => ({ fs: constants });
  // The program's name lies in the interpreter's memory: where this file lies must not show there.
  process.argv.splice(1, Number.POSITIVE_INFINITY, 'python');
  const { loadPyodide } = await import(pyodideUrl);
  const silent = () => undefined;
  const pyodide = await loadPyodide({
    // A fixed hash seed: the order of a set of strings must not differ from process to process.
    env: { HOME: '/', PYTHONHASHSEED: '0', LANG: 'C.UTF-8', _: 'python' },
    jsglobals: {},
    stdin: () => null,
    stdout: silent,
    stderr: silent,
  });
  // Any truthy buffer turns polling on; `pendingSignal` stands in for reading it.
  pyodide.setInterruptBuffer(new Int32Array(1));
  const c = pyodide._module;
  const memory = () => c.HEAPU8;
  const encoder = new TextEncoder();

  const handOver = c._malloc(handOverBytes);
  const sizeAt = c._malloc(8);
  /** Address of a str object; 0 where there was no memory for it. */
  function textObject(text) {
    const isShort = 3 * text.length <= handOverBytes;
    const place = isShort ? handOver : c._malloc(3 * text.length);
    if (place === 0) return 0;
    const { written } = encoder.encodeInto(text, memory().subarray(place, place + 3 * text.length));
    const object = c._PyUnicode_DecodeUTF8(place, written, 0) >>> 0;
    if (!isShort) c._free(place);
    return object;
  }

  /** What a str object says; null where it is no str, or one of more bytes. All that is read here, a program may have written. */
  function textIn(object, mostBytes) {
    const place = c._PyUnicode_AsUTF8AndSize(object, sizeAt) >>> 0;
    const size = c.HEAPU32[sizeAt >>> 2];
    if (place === 0 || size > mostBytes) return null;
    return Buffer.from(memory().buffer, place, size).toString();
  }

  const namespace = c._PyDict_New() >>> 0;
  const withCString = (text, use) => {
    const place = c._malloc(3 * text.length + 1);
    const { written } = encoder.encodeInto(text, memory().subarray(place));
    memory()[place + written] = 0;
    const result = use(place) >>> 0;
    c._free(place);
    if (result === 0) throw new Error(`the Python sandbox's own code fails at ${text.slice(0, 80)}`);
    return result;
  };
  for (const file of files) {
    const source = readFileSync(new URL(file, import.meta.url), 'utf8');
    withCString(source, (place) => c._PyRun_String(place, fileInput, namespace, namespace));
  }
  const functions = new Map();
  const functionNamed = (name) => {
    if (!functions.has(name))
      functions.set(
        name,
        withCString(name, (place) => c._PyDict_GetItemString(namespace, place)),
      );
    return functions.get(name);
  };

  /**
   * Calls a function of the Python files.
   * @param {string} name
   * @param {string | null} text  Its argument; null where it takes none.
   * @param {number} mostBytes  A longer result counts as none.
   * @returns {{ text: string } | { failure: string, detail: string }}  After a failure nothing but `restore` may be called.
   */
  function call(name, text, mostBytes) {
    end = null;
    isRefused = false;
    const given = functionNamed(name);
    try {
      const argument = text === null ? 0 : textObject(text);
      let told = null;
      if (text === null || argument !== 0) {
        const result = (text === null ? c._PyObject_CallNoArgs(given) : c._PyObject_CallOneArg(given, argument)) >>> 0;
        if (result !== 0) told = textIn(result, mostBytes);
        if (result !== 0) c._Py_DecRef(result);
        if (argument !== 0) c._Py_DecRef(argument);
      }
      if (end !== null) return end;
      if (told !== null) return { text: told };
      return isRefused ? outOfMemory : { failure: 'exception', detail: 'it changed what runs it' };
    } catch (error) {
      return end ?? (isRefused ? outOfMemory : { failure: 'crash', detail: String(error).slice(0, 200) });
    }
  }
  const outOfMemory = { failure: 'memory', detail: `more than ${megabytes} MB` };

  warmUp(call);
  seal();
  const snapshot = stretchesOf(memory());
  const snapshotBytes = memory().length;
  const stackPointer = c.___stack_pointer.value;
  const heapEndAt = c._emscripten_get_sbrk_ptr() >>> 2;
  const heapEnd = () => c.HEAPU32[heapEndAt];
  const mostHeapEnd = heapEnd() + mostPlainGrowth;
  let cleared = 0;

  return {
    call,
    /** Puts the whole memory back, and with it every object that a call could have changed. */
    restore() {
      const now = memory();
      for (const { from, to, bytes } of snapshot) {
        if (bytes === null) now.fill(0, from, to);
        else now.set(bytes, from);
      }
      now.fill(0, snapshotBytes);
      cleared += now.length - snapshotBytes;
      c.___stack_pointer.value = stackPointer;
    },
    /** Whether calls have taken so much memory that how much they found could have mattered. */
    hasGrown: () => isRefused || heapEnd() > mostHeapEnd,
    isWornOut: () => cleared > mostCleared,
  };
}

/** Of so many bytes a stretch of memory consists. */
const blockBytes = 64 * 2 ** 10;

/** A copy of a memory, in stretches: half of it is zeros (`bytes` is null), which are written faster than copied. */
function stretchesOf(memory) {
  const stretches = [];
  for (let from = 0; from < memory.length; from += blockBytes) {
    const block = memory.slice(from, from + blockBytes);
    const isZero = block.every((byte) => byte === 0);
    const last = stretches.at(-1);
    if (last?.isZero === isZero) last.to += block.length;
    else stretches.push({ from, to: from + block.length, isZero });
  }
  return stretches.map(({ from, to, isZero }) => ({ from, to, bytes: isZero ? null : memory.slice(from, to) }));
}
