/**
 * A sandbox process: Python in WebAssembly, sealed, running the programs and verifiers that come in on standard input.
 *
 * In: one JSON line a chunk, an array of jobs: a program's text, or a verifier with what it is to judge (`../outcome.ts`). Out, on file
 * descriptor 3: `{"ready":true}` once, then one JSON line `{outcome, last?}` a job, written before the next one starts, so the
 * parent always knows which job is running; `last` tells that the process ends with that job.
 *
 * Plain JavaScript, because the process starts under Node's permission model, which leaves no room for a TypeScript loader.
 */
import { constants, readFileSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { guardImports } from './seal.mjs';

const resultDescriptor = 3;
/** How long Python that swallows its KeyboardInterrupt may go on, in seconds. */
const graceSeconds = 0.5;

/** Plain jobs leave garbage at most (cycles are not collected): a restore now and then, some milliseconds, sweeps it. */
const mostJobsBetweenRestores = 500;

const { pyodideUrl, secondsPerProgram, megabytes } = JSON.parse(process.argv[2] ?? '');

/** Limits of the job that runs now; `null` between jobs. */
let running = null;

const write = (line) => writeSync(resultDescriptor, `${JSON.stringify(line)}\n`);

/** Ends the process with the running job's outcome as its last words. */
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
  if (used < running.seconds) return 0;
  if (used > running.seconds + graceSeconds) die('timeout', `over ${running.seconds} s`);
  running.interrupted = true;
  return 2;
}

const { seal } = guardImports({
  megabytes,
  pendingSignal,
  onForbidden: (name) => {
    const exits = name === 'proc_exit' || name === 'exit' || name.includes('abort');
    if (running?.interrupted) die('timeout', `over ${running.seconds} s`);
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
for (const file of ['./runner.py', './verifier.py'])
  pyodide.runPython(readFileSync(new URL(file, import.meta.url), 'utf8'), { globals: runner });
const run = runner.get('run');
const verify = runner.get('verify');
// Any truthy buffer turns polling on; `pendingSignal` stands in for reading it.
pyodide.setInterruptBuffer(new Int32Array(1));
run('def solution():\n    return 1');
verify(
  JSON.stringify({
    source: 'def reward(example, response):\n    return 1',
    given: { example: {}, response: '', outcomes: {} },
  }),
);

const memory = () => pyodide._module.HEAPU8;
const snapshot = memory().slice();
/** Jobs since the memory was put back. */
let jobsSinceRestore = 0;

/** Puts the interpreter's whole memory back, and with it every object a job could have changed. */
function restore() {
  memory().set(snapshot);
  jobsSinceRestore = 0;
}

/** What a program gave: its value as text and as a number, or why there is none. */
function programOutcome(program) {
  const [plain, failure, text, number] = JSON.parse(run(program));
  return { plain, outcome: failure === null ? { ok: true, text, number } : { ok: false, failure, detail: text } };
}

function attempt(job) {
  const isProgram = typeof job === 'string';
  const seconds = isProgram ? secondsPerProgram : job.seconds;
  running = { seconds, earliest: performance.now() + seconds * 1e3, from: processorSeconds(), interrupted: false };
  try {
    const { plain, outcome } = isProgram ? programOutcome(job) : JSON.parse(verify(JSON.stringify(job)));
    jobsSinceRestore++;
    if (running.interrupted)
      return { plain: false, outcome: { ok: false, failure: 'timeout', detail: `over ${seconds} s` } };
    // Raised by the job itself.
    if (outcome.failure === 'interrupted') return { plain, outcome: { ...outcome, failure: 'exception' } };
    return { plain, outcome };
  } catch (error) {
    return die(running.interrupted ? 'timeout' : 'crash', String(error).slice(0, 200));
  } finally {
    running = null;
  }
}

/** An outcome that does not depend on the jobs before: plain ones leave nothing behind, others are undone. */
function outcomeOf(job) {
  const startedClean = jobsSinceRestore === 0;
  let { plain, outcome } = attempt(job);
  // How much memory is left does depend on what ran before: only a failure from a clean start counts.
  if (outcome.failure === 'memory' && !startedClean) {
    restore();
    ({ plain, outcome } = attempt(job));
  }
  if (!plain || jobsSinceRestore >= mostJobsBetweenRestores) restore();
  return outcome;
}

seal(memory);
write({ ready: true });
for await (const line of createInterface({ input: process.stdin }))
  for (const job of JSON.parse(line)) write({ outcome: outcomeOf(job) });
