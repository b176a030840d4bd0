/**
 * Training against PyTorch: the same weights and batches, AdamW and clipping on both sides, the same number of threads, each side
 * a process of its own. The sides take turns, so that whatever else the machine does slows both, and each step's losses must
 * agree. Without `REFT_PEER_PYTHON` only our side is measured.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { threads } from '../../../activities/engine/ort/session.js';
import { type Peer, withSides } from '../peers/peer.js';
import { type BenchmarkResult, median, rounded } from '../result.js';
import { type Job, type Ready, readySchema, type Step, stepSchema } from './job.js';
import type { Workload } from './workloads.js';

/** Lets the other side's threads stop spinning. */
const pauseMilliseconds = 100;
/** Peak memory at most 0.8 of the peer's. */
const memoryFloor = 1.25;

const optimiser = { name: 'adamw', beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0.01, maxGradNorm: 1 } as const;
const versionsSchema = z.record(z.string(), z.string());

interface Measured {
  readonly ours: Step;
  readonly peer: Step | null;
  /** Which batch, and its answer tokens. */
  readonly batch: number;
  readonly answers: number;
}

/** Two results: time of a step (as answer tokens a second) and peak memory of the process. */
export async function compareTraining(workload: Workload): Promise<readonly BenchmarkResult[]> {
  const missing = workload.needs.filter((name) => !process.env[name]);
  if (missing.length > 0)
    return [{ name: workload.name, ours: Number.NaN, unit: 'tokens/s', note: `skipped: set ${missing.join(', ')}` }];
  const [load = 0] = loadavg();
  const folder = await mkdtemp(join(tmpdir(), 'reft-bench-'));
  try {
    const { files, batches } = await workload.prepare(folder);
    const path = join(folder, 'job.json');
    const { fusedAdamW } = workload;
    const job: Job = { model: files, batches, optimiser, fusedAdamW, learningRate: 1e-4, threads };
    await writeFile(path, JSON.stringify(job));
    const ourSide = { script: new URL('./ourSide.ts', import.meta.url), job: path };
    return await withSides(ourSide, { script: 'train_step.py', job: path }, async (ours, peer) => {
      const measured = await takeTurns(workload, batches, ours, peer);
      const details = { threads, load: rounded(load), ...describe(batches, measured) };
      const note = peer
        ? { versions: joined(versionsSchema.parse(peer.about)) }
        : { note: 'set REFT_PEER_PYTHON to a Python with torch' };
      return [
        { ...timeResult(workload, measured), ...details, ...note },
        { ...memoryResult(workload, measured, readySchema.parse(ours.about)), ...note },
      ];
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function takeTurns(
  { name, warmUps, pairs }: Workload,
  batches: Job['batches'],
  ours: Peer,
  peer: Peer | null,
): Promise<readonly Measured[]> {
  const measured: Measured[] = [];
  for (let step = 0; step < warmUps + pairs; step++) {
    await pause(pauseMilliseconds);
    const our = stepSchema.parse(await ours.step());
    await pause(pauseMilliseconds);
    const their = peer && stepSchema.parse(await peer.step());
    if (their && Math.abs(our.loss - their.loss) > 1e-3 * their.loss)
      throw new Error(
        `${name}, step ${step}: our loss is ${our.loss}, PyTorch's ${their.loss}: the two do not do the same work`,
      );
    const batch = step % batches.length;
    const answers = (batches[batch] ?? []).reduce((total, { answer }) => total + answer.length, 0);
    if (step >= warmUps) measured.push({ ours: our, peer: their, batch, answers });
  }
  return measured;
}

/**
 * The ratio is the lower of two: the median of the pairs' ratios, and that of the best steps, each batch's best added up, for a
 * ragged batch costs each side what another does not. Other work on the machine hurts PyTorch's threads, which wait for each
 * other, more than ours, so the median alone would flatter us there.
 */
function timeResult({ name, floor }: Workload, measured: readonly Measured[]): BenchmarkResult {
  const perToken = (side: 'ours' | 'peer'): number[] =>
    measured.flatMap(({ [side]: step, answers }) => (step ? [step.seconds / answers] : []));
  const [ours, peer] = [perToken('ours'), perToken('peer')];
  const shared = {
    name,
    ours: rounded(1 / median(ours)),
    unit: 'answer tokens/s',
    ...(floor === undefined ? {} : { floor }),
  };
  if (peer.length === 0) return shared;
  const pairs = median(peer.map((seconds, pair) => seconds / (ours[pair] ?? Number.NaN)));
  const best = secondsOfBest(measured, 'peer') / secondsOfBest(measured, 'ours');
  return {
    ...shared,
    peer: rounded(1 / median(peer)),
    ratio: rounded(Math.min(pairs, best)),
    medianOfPairs: rounded(pairs),
    bestOfPairs: rounded(best),
  };
}

/** Seconds for all batches once, each at its best. */
function secondsOfBest(measured: readonly Measured[], side: 'ours' | 'peer'): number {
  const best = new Map<number, number>();
  for (const { batch, [side]: step } of measured)
    if (step) best.set(batch, Math.min(step.seconds, best.get(batch) ?? Number.POSITIVE_INFINITY));
  return [...best.values()].reduce((total, seconds) => total + seconds, 0);
}

/** @throws Error when the step took a quarter more or less than a run would have announced. */
function memoryResult({ name }: Workload, measured: readonly Measured[], { plannedBytes }: Ready): BenchmarkResult {
  const peak = (side: 'ours' | 'peer'): number =>
    Math.max(...measured.flatMap(({ [side]: step }) => (step ? [step.peakBytes / 2 ** 20] : [])));
  const planned = plannedBytes / 2 ** 20;
  const share = peak('ours') / planned;
  if (share < 0.75 || share > 1.25)
    throw new Error(`${name} took ${peak('ours')} MiB, a run would have announced ${planned} MiB`);
  const shared = {
    name: `${name}-memory`,
    ours: rounded(peak('ours')),
    unit: 'MiB',
    floor: memoryFloor,
    announced: rounded(planned),
  };
  if (measured.every(({ peer }) => peer === null)) return shared;
  return { ...shared, peer: rounded(peak('peer')), ratio: rounded(peak('peer') / peak('ours')) };
}

function describe(batches: Job['batches'], measured: readonly Measured[]) {
  const sequences = batches.flat();
  const mean = (length: (sequence: (typeof sequences)[number]) => number): number =>
    rounded(sequences.reduce((total, sequence) => total + length(sequence), 0) / sequences.length);
  return {
    batch: batches[0]?.length ?? 0,
    promptTokens: mean(({ prompt }) => prompt.length),
    answerTokens: mean(({ answer }) => answer.length),
    ourSeconds: rounded(median(measured.map(({ ours }) => ours.seconds))),
  };
}

const joined = (versions: Readonly<Record<string, string>>): string =>
  Object.entries(versions)
    .map((entry) => entry.join(' '))
    .join(', ');
