/**
 * Programs scored in a second by one sandbox process, on the demo's generated problems: start-up left out, hand-over included.
 *
 * There is no peer that could run here: the published engine makes a process pool for each batch, and reached 204/s at batches
 * of 32 on such a machine where this sandbox reached thousands.
 */

import { generateQuestions } from '../../activities/data/sets/generated.js';
import { programFrom } from '../../activities/rewards/answerFormat.js';
import { createSandboxPool } from '../../activities/rewards/sandbox/pool.js';
import { type BenchmarkResult, median, rounded } from './result.js';

const distinctPrograms = 3_000;
/** The first passes also pay for the compiler's warming up. */
const warmUps = 2;
const passes = 7;

export async function benchPrograms(): Promise<BenchmarkResult> {
  const counts = { train: distinctPrograms, validation: 1, test: 1 };
  const { train } = await generateQuestions({ seed: 0, largestNumber: 50, format: 'program', counts });
  const programs = train.map(({ answer = '' }) => programFrom(answer));
  const sandbox = createSandboxPool({ processes: 1, secondsPerProgram: 2, megabytes: 256 });
  try {
    await sandbox.warmUp();
    const seconds: number[] = [];
    for (let pass = 0; pass < warmUps + passes; pass++) {
      const started = performance.now();
      const outcomes = await sandbox.run(programs);
      if (pass >= warmUps) seconds.push((performance.now() - started) / 1_000);
      const failed = outcomes.find((outcome) => !outcome.ok);
      if (failed) throw new Error(`an annotated program failed: ${JSON.stringify(failed)}`);
    }
    return {
      name: 'programs-scored',
      ours: rounded(programs.length / median(seconds)),
      unit: 'programs/s',
      programs: programs.length,
      processes: 1,
    };
  } finally {
    await sandbox.close();
  }
}
