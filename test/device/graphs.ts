/**
 * Writes the graphs that the device programs run: training and decoding of SmolLM2's shape (135 million weights, or its first
 * layers) and training of Qwen2.5-0.5B's, without weights.
 *
 *   node --import tsx test/device/graphs.ts FOLDER [layers … | qwen]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Graph, HalfType } from '../../activities/engine/graph/graph.js';
import { lower } from '../../activities/engine/graph/lower.js';
import { serialise } from '../../activities/engine/graph/onnx/serialise.js';
import { inHalfPrecision } from '../../activities/engine/graph/precision.js';
import { type ModelConfig, readConfig } from '../../activities/engine/models/index.js';
import { createOptimiser, type OptimiserSettings } from '../../activities/engine/optim/index.js';
import { devices } from '../../activities/engine/ort/devices.js';
import { stepGraph } from '../../activities/engine/sampling/decoderGraphs.js';
import { flatLayout } from '../../activities/engine/training/flatTensors.js';
import {
  applyGraph,
  gradientGraph,
  supervisedObjective,
  updateGraph,
} from '../../activities/engine/training/graphs.js';
import { adamW } from './rows/models.js';

const [folder = 'graphs', ...models] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
/** By which float16's loss and gradients are multiplied. */
const lossScale = 2 ** 12;
const halves: readonly HalfType[] = ['bfloat16', 'float16'];

const smolLM2 = (layers: number): ModelConfig =>
  readConfig(
    {
      model_type: 'llama',
      vocab_size: 49152,
      hidden_size: 576,
      intermediate_size: 1536,
      num_hidden_layers: layers,
      num_attention_heads: 9,
      num_key_value_heads: 3,
      max_position_embeddings: 1024,
      rms_norm_eps: 1e-5,
      rope_theta: 100000,
      tie_word_embeddings: true,
      bos_token_id: 0,
      eos_token_id: 0,
    },
    'SmolLM2',
  );

const qwen = (): ModelConfig =>
  readConfig(
    {
      model_type: 'qwen2',
      vocab_size: 151936,
      hidden_size: 896,
      intermediate_size: 4864,
      num_hidden_layers: 24,
      num_attention_heads: 14,
      num_key_value_heads: 2,
      max_position_embeddings: 1024,
      rms_norm_eps: 1e-6,
      rope_theta: 1000000,
      tie_word_embeddings: true,
      bos_token_id: 0,
      eos_token_id: 0,
    },
    'Qwen2.5-0.5B',
  );

function write(name: string, graph: Graph): void {
  writeFileSync(join(folder, `${name}.onnx`), serialise(graph));
}

const lowered = (graph: Graph): Graph => lower(graph, devices.cuda.lacking);

for (const model of models.length > 0 ? models : ['2', '30', 'qwen']) {
  const config = model === 'qwen' ? qwen() : smolLM2(Number(model));
  const objective = () => supervisedObjective(config);
  const apply = (settings: OptimiserSettings): Graph =>
    lowered(applyGraph(flatLayout(objective().trained, createOptimiser(settings)), settings).graph);
  write(`gradients-${model}`, lowered(gradientGraph(objective()).graph));
  write(`apply-flat-${model}`, apply(adamW));
  write(`apply-flat-${model}-scaled`, apply({ ...adamW, maxGradNorm: adamW.maxGradNorm * lossScale }));
  for (const type of halves)
    write(`gradients-${model}-${type}`, inHalfPrecision(lowered(gradientGraph(objective()).graph), { type }));
  for (const precision of halves) {
    const fused = supervisedObjective(config, undefined, { preferences: devices.cuda.preferences, precision });
    write(
      `gradients-${model}-${precision}-fused`,
      inHalfPrecision(lowered(gradientGraph(fused).graph), { type: precision }),
    );
  }
  if (model === 'qwen') continue;
  const step = (greedy: boolean): Graph => lowered(stepGraph(config, greedy, 'right').graph);
  write(`step-${model}`, step(false));
  const isFed = (name: string): boolean => /^(model|past|present)\./.test(name);
  for (const type of halves) {
    write(`step-${model}-${type}`, inHalfPrecision(step(false), { type, halfInputs: isFed }));
    write(`greedy-${model}-${type}`, inHalfPrecision(step(true), { type, halfInputs: isFed }));
  }
  write(`update-${model}`, lowered(updateGraph(objective(), adamW).graph));
  write(
    `update-${model}-bfloat16`,
    inHalfPrecision(lowered(updateGraph(objective(), adamW).graph), { type: 'bfloat16' }),
  );
}
