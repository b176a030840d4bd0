/**
 * `npm run bench [name …]`: runs the benchmarks (all, or those named) and prints JSON lines, one for each thing measured.
 *
 * `REFT_PEER_PYTHON` names a Python with torch and transformers to be compared with; without it only our metrics are printed.
 * Exits with 1 when a ratio is below its floor or a benchmark fails. The floors are promises for a machine that does nothing
 * else: whatever runs beside a benchmark slows one side more than the other.
 */
import { demos } from './demo.js';
import { benchOutsideEngine } from './outsideEngine.js';
import { benchProgramBatches, benchPrograms } from './programs.js';
import type { BenchmarkResult } from './result.js';
import { rollouts } from './rollouts.js';
import { benchRounds } from './rounds.js';
import { compareTraining } from './training/compare.js';
import { benchGemmShare } from './training/gemmShare.js';
import { workloads } from './training/workloads.js';
import { benchTwoWorkers } from './twoWorkers.js';

const benchmarks: Readonly<Record<string, () => Promise<BenchmarkResult | readonly BenchmarkResult[]>>> = {
  ...Object.fromEntries(workloads.map((workload) => [workload.name, () => compareTraining(workload)])),
  'training-135m-gemm-share': benchGemmShare,
  ...rollouts,
  'programs-scored': benchPrograms,
  'programs-batch32': benchProgramBatches(32, 40),
  'programs-batch256': benchProgramBatches(256, 5),
  'outside-engine': benchOutsideEngine,
  ...demos,
  'rollouts-two-workers': benchTwoWorkers,
  rounds: benchRounds,
};

const chosen = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(benchmarks);
for (const name of chosen) {
  const benchmark = benchmarks[name];
  if (!benchmark) throw new Error(`no benchmark ${name}: there are ${Object.keys(benchmarks).join(', ')}`);
  try {
    for (const result of [await benchmark()].flat()) {
      console.log(JSON.stringify(result));
      const { ratio, floor } = result;
      if (ratio !== undefined && floor !== undefined && ratio < floor) process.exitCode = 1;
    }
  } catch (error) {
    console.error(`${name} failed:`, error);
    process.exitCode = 1;
  }
}
