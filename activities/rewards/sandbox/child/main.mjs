/**
 * A sandbox process: Python in WebAssembly, sealed, running the programs that come in on standard input.
 *
 * In: one JSON line a chunk, an array of program texts. Out, on file descriptor 3: `{"ready":true}` once, then one JSON line
 * `{outcome, last?}` a program, written before the next one starts, so the parent always knows which program is running;
 * `last` tells that the process ends with that program.
 *
 * Plain JavaScript, because the process starts under Node's permission model, which leaves no room for a TypeScript loader.
 */
import { constants, readFileSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { guardImports } from './seal.mjs';

const resultDescriptor = 3;
/** How long a program that swallows its KeyboardInterrupt may go on, in seconds. */
const graceSeconds = 0.5;

/** Plain programs leave garbage at most (cycles are not collected): a restore now and then, some milliseconds, sweeps it. */
const mostProgramsBetweenRestores = 500;

const { pyodideUrl, secondsPerProgram, megabytes } = JSON.parse(process.argv[2] ?? '');

/** Limits of the program that runs now; `null` between programs. */
let running = null;

const write = (line) => writeSync(resultDescriptor, `${JSON.stringify(line)}\n`);

/** Ends the process with the running program's outcome as its last words. */
function die(failure, detail) {
  if (running !== null) write({ outcome: { ok: false, failure, detail }, last: true });
  process.kill(process.pid, 'SIGKILL');
  throw new Error('unreachable');
}

/** Processor seconds of this process: a busy machine must not turn a right answer into a timeout. */
function processorSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function pendingSignal() {
  if (running === null || performance.now() < running.earliest) return 0;
  const used = processorSeconds() - running.from;
  if (used < secondsPerProgram) return 0;
  if (used > secondsPerProgram + graceSeconds) die('timeout', `over ${secondsPerProgram} s`);
  running.interrupted = true;
  return 2;
}

const { seal } = guardImports({
  megabytes,
  pendingSignal,
  onForbidden: (name) => {
    const exits = name === 'proc_exit' || name === 'exit' || name.includes('abort');
    if (running?.interrupted) die('timeout', `over ${secondsPerProgram} s`);
    return die(exits ? 'exit' : 'forbidden', `closed import ${name}`);
  },
});

// Emscripten reads the file system's constants this way, which the permission model forbids.
process.binding = () => ({ fs: constants });
const { loadPyodide } = await import(pyodideUrl);
const silent = () => undefined;
const pyodide = await loadPyodide({
  // A fixed hash seed: the order of a set of strings must not differ from process to process.
  env: { HOME: '/', PYTHONHASHSEED: '0', _: 'python' },
  jsglobals: {},
  stdin: () => null,
  stdout: silent,
  stderr: silent,
});
const runner = pyodide.toPy({});
pyodide.runPython(readFileSync(new URL('./runner.py', import.meta.url), 'utf8'), { globals: runner });
const run = runner.get('run');
// Any truthy buffer turns polling on; `pendingSignal` stands in for reading it.
pyodide.setInterruptBuffer(new Int32Array(1));
run('def solution():\n    return 1');

const memory = () => pyodide._module.HEAPU8;
const snapshot = memory().slice();
/** Programs since the memory was put back. */
let programsSinceRestore = 0;

/** Puts the interpreter's whole memory back, and with it every object a program could have changed. */
function restore() {
  memory().set(snapshot);
  programsSinceRestore = 0;
}

function attempt(program) {
  running = { earliest: performance.now() + secondsPerProgram * 1e3, from: processorSeconds(), interrupted: false };
  try {
    const [plain, failure, text, number] = JSON.parse(run(program));
    programsSinceRestore++;
    if (running.interrupted)
      return { plain: false, outcome: { ok: false, failure: 'timeout', detail: `over ${secondsPerProgram} s` } };
    if (failure === null) return { plain, outcome: { ok: true, text, number } };
    return { plain, outcome: { ok: false, failure: failure === 'interrupted' ? 'exception' : failure, detail: text } };
  } catch (error) {
    return die(running.interrupted ? 'timeout' : 'crash', String(error).slice(0, 200));
  } finally {
    running = null;
  }
}

/** An outcome that does not depend on the programs before: plain programs leave nothing behind, others are undone. */
function outcomeOf(program) {
  const startedClean = programsSinceRestore === 0;
  let { plain, outcome } = attempt(program);
  // How much memory is left does depend on what ran before: only a failure from a clean start counts.
  if (outcome.failure === 'memory' && !startedClean) {
    restore();
    ({ plain, outcome } = attempt(program));
  }
  if (!plain || programsSinceRestore >= mostProgramsBetweenRestores) restore();
  return outcome;
}

seal(memory);
write({ ready: true });
for await (const line of createInterface({ input: process.stdin }))
  for (const program of JSON.parse(line)) write({ outcome: outcomeOf(program) });
