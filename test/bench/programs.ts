/**
 * Programs scored in a second on the demo's generated problems: by one sandbox process with batches of thousands, and in small batches
 * against a process pool that is made for each, as the published code does. Start-up of the sandbox is left out, hand-over included.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { generateQuestions } from '../../activities/data/sets/generated.js';
import { threads } from '../../activities/engine/ort/session.js';
import { programFrom } from '../../activities/rewards/answerFormat.js';
import type { ProgramOutcome } from '../../activities/rewards/sandbox/outcome.js';
import { createSandboxPool, type SandboxPool } from '../../activities/rewards/sandbox/pool.js';
import { inTurns, ratios } from './pairs.js';
import { withPeer } from './peers/peer.js';
import { type BenchmarkResult, median, rounded } from './result.js';

const distinctPrograms = 3_000;
/** The first passes also pay for the compiler's warming up. */
const warmUps = 2;
const passes = 7;
const unit = 'programs/s';

export async function benchPrograms(): Promise<BenchmarkResult> {
  const programs = await programsOf(distinctPrograms);
  return withSandbox(1, async (sandbox) => {
    const seconds: number[] = [];
    for (let pass = 0; pass < warmUps + passes; pass++) {
      const { seconds: taken } = await runAll(sandbox, programs);
      if (pass >= warmUps) seconds.push(taken);
    }
    return {
      name: 'programs-scored',
      ours: rounded(programs.length / median(seconds)),
      unit,
      programs: programs.length,
      processes: 1,
    };
  });
}

const batches = 8;
const peerSchema = z.object({ seconds: z.number(), values: z.array(z.number().nullable()) });

/** Batches of `size`, one after the other, as rounds hand them over. */
export function benchProgramBatches(size: number, floor: number): () => Promise<BenchmarkResult> {
  return async () => {
    const programs = await programsOf(size * batches);
    const folder = await mkdtemp(join(tmpdir(), 'reft-bench-'));
    try {
      const job = join(folder, 'job.json');
      await writeFile(job, JSON.stringify({ programs, size, processes: threads }));
      return await withSandbox(threads, (sandbox) =>
        withPeer({ script: 'programs.py', job }, async (peer) => {
          const ours = async (): Promise<number> => {
            let total = 0;
            for (let from = 0; from < programs.length; from += size)
              total += (await runAll(sandbox, programs.slice(from, from + size))).seconds;
            return total;
          };
          const theirs = async (): Promise<number> => {
            if (peer === null) return Number.NaN;
            const { seconds, values } = peerSchema.parse(await peer.step());
            if (values.includes(null)) throw new Error('an annotated program failed in the process pool');
            return seconds;
          };
          const measured = await inTurns(ours, theirs, warmUps, passes);
          const rate = (seconds: readonly number[]): number => rounded(programs.length / median(seconds));
          const about = { name: `programs-batch${size}`, ours: rate(measured.ours), unit, floor, processes: threads };
          if (peer === null) return { ...about, note: 'no peer: set REFT_PEER_PYTHON' };
          return { ...about, peer: rate(measured.theirs), ...ratios(measured) };
        }),
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  };
}

async function programsOf(count: number): Promise<readonly string[]> {
  const counts = { train: count, validation: 1, test: 1 };
  const { train } = await generateQuestions({ seed: 0, largestNumber: 50, format: 'program', counts });
  return train.map(({ answer = '' }) => programFrom(answer));
}

async function withSandbox<T>(processes: number, work: (sandbox: SandboxPool) => Promise<T>): Promise<T> {
  const sandbox = createSandboxPool({ processes, secondsPerProgram: 2, megabytes: 256 });
  try {
    await sandbox.warmUp();
    return await work(sandbox);
  } finally {
    await sandbox.close();
  }
}

/** @throws Error when one fails: annotated programs are right. */
async function runAll(
  sandbox: SandboxPool,
  programs: readonly string[],
): Promise<{ readonly seconds: number; readonly outcomes: readonly ProgramOutcome[] }> {
  const started = performance.now();
  const outcomes = await sandbox.run(programs);
  const seconds = (performance.now() - started) / 1_000;
  const failed = outcomes.find((outcome) => !outcome.ok);
  if (failed) throw new Error(`an annotated program failed: ${JSON.stringify(failed)}`);
  return { seconds, outcomes };
}
