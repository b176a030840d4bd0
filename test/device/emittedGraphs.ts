/**
 * Every graph that the engine gives a CUDA device, over small models: all architectures, losses, optimisers, algorithms and the
 * decoder, in float32 and in half precision. `kernels.ts` reads off which operators they are made of.
 */
import { emulate } from '../../activities/engine/graph/emulate.js';
import type { Graph } from '../../activities/engine/graph/graph.js';
import { lower } from '../../activities/engine/graph/lower.js';
import type { Precision } from '../../activities/engine/graph/precision.js';
import type { LoraConfig } from '../../activities/engine/lora/adapters.js';
import { type ModelConfig, readConfig } from '../../activities/engine/models/index.js';
import { createOptimiser, type OptimiserSettings, optimiserSchema } from '../../activities/engine/optim/index.js';
import { devices } from '../../activities/engine/ort/devices.js';
import { algorithmNames } from '../../activities/engine/rl/index.js';
import { klEstimators } from '../../activities/engine/rl/options.js';
import { prefillGraph, stepGraph } from '../../activities/engine/sampling/decoderGraphs.js';
import { flatLayout } from '../../activities/engine/training/flatTensors.js';
import { applyGraph } from '../../activities/engine/training/graphs.js';
import {
  buildAccumulation,
  buildGradients,
  buildObjective,
  buildUpdate,
  type ObjectiveChoice,
  type Training,
} from '../../activities/engine/training/objectives.js';
import { answersGraph, rewardModelGraph } from '../../activities/engine/training/scoringGraphs.js';
import { at } from '../../activities/invariant.js';
import { architectures, readFixture } from '../reference/fixtures.js';

export interface EmittedGraph {
  readonly precision: Precision;
  readonly graph: Graph;
}

const lora: LoraConfig = { rank: 2, alpha: 4, targetModules: 'all-linear' };

const optimisers: readonly OptimiserSettings[] = (['adamw', 'muon'] as const).map((name) =>
  optimiserSchema.parse({ name, learningRate: 1e-3 }),
);
const adamw = optimiserSchema.parse({ learningRate: 1e-3 });

/** One option changed at a time: what is a formula of its own in the graph. */
const objectives: readonly ObjectiveChoice[] = [
  { objective: 'supervised' },
  { objective: 'rewardModel' },
  ...algorithmNames.flatMap((name) =>
    [{}, { clipRange: { low: 0.2, high: 0.28 } }, ...estimators(name)].map(
      (options): ObjectiveChoice => ({ objective: 'policy', algorithm: { name, ...options } }),
    ),
  ),
];

function estimators(name: string): readonly object[] {
  const penalty = name === 'ppo' ? {} : { klCoefficient: 0.1, klPlacement: 'loss' };
  return klEstimators.map((klEstimator) => ({ ...penalty, klEstimator }));
}

/** Of the reference tests; and a Llama whose vocabulary is so large that losses are computed in slices of it. */
function configs(): readonly ModelConfig[] {
  const tested = architectures.map((name) => readConfig(readFixture(name).configJson, name));
  const llama = tested.find(({ model_type }) => model_type === 'llama');
  return [...tested, ...(llama ? [{ ...llama, vocab_size: 12_000 }] : [])];
}

/** Lowered for CUDA. */
export function emittedGraphs(): readonly EmittedGraph[] {
  return (['float32', 'float16', 'bfloat16'] as const).flatMap(graphsIn);
}

function graphsIn(precision: Precision): readonly EmittedGraph[] {
  const compute = { precision, recompute: false, attentionInBlocks: false };
  const all = configs();
  const first = at(all, 0);
  const trainings = all.flatMap((config): Training[] => [
    ...(config === first ? objectives : objectives.slice(0, 2)).map((choice) => ({ ...choice, config, compute })),
    { objective: 'supervised', config, lora, compute },
  ]);
  const training = [
    ...trainings.map((each) => buildUpdate(each, adamw, devices.cuda)),
    ...trainings
      .slice(0, 3)
      .flatMap((each) => [buildGradients(each, devices.cuda), buildAccumulation(each, devices.cuda)]),
  ];
  const { trained } = buildObjective({ objective: 'supervised', config: first });
  const applying = optimisers.flatMap((settings) => {
    const targets = flatLayout(trained, createOptimiser(settings));
    return [1, 2].map((threads) => applyGraph(targets, settings, threads, precision === 'float16'));
  });
  const scoring = all.flatMap((config) => [
    answersGraph(config, { values: true, entropies: true }, compute, devices.cuda.preferences),
    rewardModelGraph(config, compute),
  ]);
  const decoding = all.flatMap((config) => [
    prefillGraph(config, precision, devices.cuda.preferences),
    ...[true, false].map((greedy) => stepGraph(config, greedy, 'right', precision, devices.cuda.preferences)),
  ]);
  const { lacking, lackingInHalf } = devices.cuda;
  return [...training, ...applying, ...scoring, ...decoding].map(({ graph }) => ({
    precision,
    graph: emulate(lower(graph, lacking), lackingInHalf),
  }));
}
