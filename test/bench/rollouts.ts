/** The rollout benchmarks by name. */
import type { BenchmarkResult } from './result.js';
import { benchRolloutLengths } from './rolloutLengths.js';
import { benchSmolLm2Rollout, benchTinyRollout } from './rolloutPeers.js';

export const rollouts: Readonly<Record<string, () => Promise<BenchmarkResult>>> = {
  'rollout-d64-batch64': benchTinyRollout(64, 64),
  'rollout-d64-batch256': benchTinyRollout(64, 256),
  'rollout-d128-batch64': benchTinyRollout(128, 64),
  'rollout-d128-batch256': benchTinyRollout(128, 256),
  'rollout-135m-batch8': benchSmolLm2Rollout('transformers', 8, 1, 1.8),
  'rollout-135m-batch32': benchSmolLm2Rollout('transformers', 32, 1, 1.8),
  'rollout-135m-batch8-k8': benchSmolLm2Rollout('transformers', 8, 8, 2.5),
  'rollout-135m-batch32-k8': benchSmolLm2Rollout('transformers', 32, 8, 2.5),
  'rollout-135m-llama-batch1': benchSmolLm2Rollout('llama.cpp', 1, 1, 1),
  'rollout-135m-llama-batch8': benchSmolLm2Rollout('llama.cpp', 8, 1, 1.2),
  'rollout-135m-llama-batch32': benchSmolLm2Rollout('llama.cpp', 32, 1, 1.25),
  'rollout-lengths': benchRolloutLengths,
};
