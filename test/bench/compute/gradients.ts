/** One run of a model's gradients under given compute settings: what the programs of this folder measure. */
import { createInPlaceSession } from '../../../activities/engine/ort/runInPlace.js';
import { float32 } from '../../../activities/engine/ort/tensors.js';
import { supervisedFeeds } from '../../../activities/engine/tasks/trainSupervised.js';
import { lossScaleInput } from '../../../activities/engine/training/graphs.js';
import type { TokenSequence } from '../../../activities/engine/training/layout.js';
import { memoryModel } from '../../../activities/engine/training/memory.js';
import { groupSizes } from '../../../activities/engine/training/microBatches.js';
import { buildGradients } from '../../../activities/engine/training/objectives.js';
import { metricOf, runWithMetrics } from '../../../activities/engine/training/runGraph.js';
import { type ComputeSettings, loadModel, type ModelFiles } from '../../../activities/engine/weights/modelFiles.js';
import { required } from '../../../activities/invariant.js';

/** Of float16; others do not read it. */
const scale = 2 ** 16;

export interface Gradients {
  readonly loss: number;
  readonly tensors: ReadonlyMap<string, Float32Array>;
  /** Of the last run, which finds its memory allocated. */
  readonly seconds: number;
  /** What the planner says of a run's tensors. */
  readonly plannedBytes: number;
}

/** @param runs on the same batch. */
export async function gradientsOf(
  files: ModelFiles,
  compute: ComputeSettings,
  sequences: readonly TokenSequence[],
  runs = 1,
): Promise<Gradients> {
  const built = buildGradients({ objective: 'supervised', config: files.config, compute });
  const session = await createInPlaceSession(built.graph);
  const parameters = await loadModel(files);
  const isScaled = compute.precision === 'float16';
  const tensors = new Map(
    built.parameters.map(([name, shape]) => [name, new Float32Array(shape.reduce((a, b) => a * b, 1))]),
  );
  const answers = sequences.reduce((total, { answer }) => total + answer.length, 0);
  const feeds = {
    ...supervisedFeeds(sequences, answers),
    ...Object.fromEntries(
      built.parameters.map(([name, shape]) => [name, float32(required(parameters.get(name), name).data, shape)]),
    ),
    ...(isScaled ? { [lossScaleInput]: float32(Float32Array.of(scale), []) } : {}),
  };
  const results = Object.fromEntries(
    built.parameters.map(([name, shape]) => [`updated.g.${name}`, float32(required(tensors.get(name), name), shape)]),
  );
  let [loss, seconds] = [Number.NaN, Number.NaN];
  for (let run = 0; run < runs; run++) {
    const started = performance.now();
    loss = metricOf(await runWithMetrics(built, session, feeds, results), 'loss');
    seconds = (performance.now() - started) / 1_000;
  }
  await session.release();
  if (isScaled)
    for (const data of tensors.values()) for (let i = 0; i < data.length; i++) data[i] = (data[i] ?? 0) / scale;
  return { loss, tensors, seconds, plannedBytes: memoryModel(built.graph)(groupSizes(sequences)) };
}
