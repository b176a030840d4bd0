/**
 * A sandbox process: Python in WebAssembly, sealed, running the programs and verifiers that come in on standard input.
 *
 * In: one JSON line a chunk, an array of jobs: a program's text, or a verifier with what it is to judge (`../outcome.ts`). Out, on file
 * descriptor 3: `{"ready":true,at}` once, then one JSON line `{outcome,at,last?}` a job, written before the next one starts, so the
 * parent always knows which job is running; `at` is the processor time that the process has taken by then, in seconds, and `last` tells
 * that it ends now. A line `{"again":true,at}` before a job's own tells that the job begins once more.
 *
 * Plain JavaScript, because the process starts under Node's permission model, which leaves no room for a TypeScript loader.
 */
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { loadInterpreter } from './interpreter.mjs';

const resultDescriptor = 3;
/** How long Python that swallows its KeyboardInterrupt may go on, in parts of its time limit. */
const grace = 0.2;

/** Plain jobs leave garbage at most (cycles are not collected): a restore now and then, some milliseconds, sweeps it. */
const mostJobsBetweenRestores = 500;

/** Bytes of what Python says of a program; longer, it was not `runner.py` that said it. */
const mostProgramBytes = 4 * 2 ** 10;
/** Bytes of a verdict, or of a program that a verifier wants run. */
const mostVerdictBytes = 4 * 2 ** 20;
/** Runs before the snapshot. */
const warmUps = 30;
/** Verifiers whose judgement is remembered. */
const mostVerifiers = 100;

const { pyodideUrl, secondsPerProgram, megabytes } = JSON.parse(process.argv[2] ?? '');

/** Limits of the job that runs now; `null` between jobs. */
let running = null;

/** Processor seconds of this process: a busy machine must not turn a right answer into a timeout. */
function processorSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Processor time at the last line, from which the next job's counts. */
let at = 0;

function write(line) {
  at = processorSeconds();
  writeSync(resultDescriptor, `${JSON.stringify({ ...line, at })}\n`);
}

const python = await loadInterpreter({
  pyodideUrl,
  megabytes,
  files: ['./plain.py', './plain_syntax.py', './runner.py', './verifier.py'],
  warmUp(call) {
    const verifier = 'def reward(example, response):\n    return 1';
    const calls = [
      ['prepare', 'def solution():\n    """How many?"""\n    cups = 3 * 4\n    result = cups / 2\n    return result'],
      ['run', null],
      ['judge_verifier', verifier],
      ['verify', JSON.stringify({ source: verifier, given: { example: {}, response: '', outcomes: {} } })],
      ['forget_verifiers', null],
    ];
    // Python fits its code to what it has seen: all of that is part of the snapshot.
    for (const [name, text] of Array(warmUps).fill(calls).flat()) {
      const { failure, detail } = call(name, text, mostVerdictBytes);
      if (failure !== undefined) throw new Error(`${name} fails at the start: ${failure}, ${detail}`);
    }
  },
  isOverTime() {
    if (running === null || performance.now() < running.earliest) return false;
    running.isInterrupted ||= processorSeconds() - running.from >= running.seconds;
    return running.isInterrupted;
  },
  isOverdue: () => processorSeconds() - running.from > (1 + grace) * running.seconds,
});

/** Jobs since the memory was put back. */
let jobsSinceRestore = 0;

function restore() {
  python.restore();
  jobsSinceRestore = 0;
}

/**
 * Whether a job may share memory with others is decided before it runs, by what `judge` of it says: afterwards nothing that Python
 * says can be relied on. One that may not gets a memory that no job has touched. Of the outcome only the form is believed here; the
 * parent process reads it.
 *
 * @returns {{ isPlain: boolean, outcome: unknown }}
 */
function runProgram(source) {
  if (!source.isWellFormed()) return { isPlain: true, outcome: failed('syntax', 'half a surrogate pair in the text') };
  const judge = () => python.call('prepare', source, mostProgramBytes);
  let judged = judge();
  if (judged.text === 'other' && jobsSinceRestore > 0) {
    restore();
    judged = judge();
  }
  const { text: said } = judged;
  const isJudged = said === 'plain' || said === 'other';
  const { text, failure, detail } = isJudged ? python.call('run', null, mostProgramBytes) : judged;
  if (text === undefined) return { isPlain: false, outcome: failed(failure, detail) };
  const row = jsonIn(text);
  const [reason, value, number] = Array.isArray(row) ? row : ['exception', 'it changed what runs it'];
  const outcome = reason === null ? { ok: true, text: value, number } : failed(reason, value);
  return { isPlain: said === 'plain' || (!isJudged && reason === 'syntax'), outcome };
}

/** By their source. */
const plainVerifiers = new Map();

function runVerifier(job) {
  const { source } = job;
  if (plainVerifiers.size > mostVerifiers) plainVerifiers.clear();
  const isKnown = plainVerifiers.has(source);
  if (!isKnown) {
    const { text, failure, detail } = python.call('judge_verifier', source, mostProgramBytes);
    if (text === undefined) return { isPlain: false, outcome: failed(failure, detail) };
    plainVerifiers.set(source, text === 'plain');
  }
  const isPlain = plainVerifiers.get(source);
  if (!isPlain && !(isKnown && jobsSinceRestore === 0)) restore();
  const { text, failure, detail } = python.call('verify', JSON.stringify(job), mostVerdictBytes);
  if (text === undefined) return { isPlain: false, outcome: failed(failure, detail) };
  const outcome = jsonIn(text) ?? failed('exception', 'it changed what runs it');
  return { isPlain: isPlain && outcome.ok !== false, outcome };
}

const failed = (failure, detail) => ({ ok: false, failure, detail });

/** What JSON says; null where it is none. */
function jsonIn(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function attempt(job) {
  const isProgram = typeof job === 'string';
  const seconds = isProgram ? secondsPerProgram : job.seconds;
  running = { seconds, earliest: performance.now() + seconds * 1e3, from: at, isInterrupted: false };
  const { isPlain, outcome } = isProgram ? runProgram(job) : runVerifier(job);
  const { isInterrupted } = running;
  running = null;
  const wasClean = jobsSinceRestore++ === 0;
  if (isInterrupted) return { isPlain: false, wasClean, outcome: failed('timeout', `over ${seconds} s`) };
  // Raised by the job itself.
  if (outcome.failure === 'interrupted') return { isPlain, wasClean, outcome: { ...outcome, failure: 'exception' } };
  return { isPlain, wasClean, outcome };
}

/** An outcome that does not depend on the jobs before: plain ones leave nothing behind, others are undone. */
function outcomeOf(job) {
  let { isPlain, wasClean, outcome } = attempt(job);
  // How much memory is left does depend on what ran before: a job that takes much counts from a clean start only.
  if (!wasClean && python.hasGrown()) {
    restore();
    write({ again: true });
    ({ isPlain, outcome } = attempt(job));
  }
  if (!isPlain || python.hasGrown() || jobsSinceRestore >= mostJobsBetweenRestores) restore();
  return outcome;
}

write({ ready: true });
for await (const line of createInterface({ input: process.stdin }))
  for (const job of JSON.parse(line)) {
    const outcome = outcomeOf(job);
    const last = python.isWornOut();
    write({ outcome, ...(last && { last }) });
    if (last) process.kill(process.pid, 'SIGKILL');
  }
