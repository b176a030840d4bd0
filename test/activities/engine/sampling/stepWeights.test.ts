/** Decoding with weights stored as a step reads them best: the same logits. */
import type { Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { serialise } from '../../../../activities/engine/graph/onnx/serialise.js';
import { languageModel, readConfig } from '../../../../activities/engine/models/index.js';
import { createSession } from '../../../../activities/engine/ort/session.js';
import { float32, int32, int64 } from '../../../../activities/engine/ort/tensors.js';
import { type StepWeights, stepGraph } from '../../../../activities/engine/sampling/decoderGraphs.js';
import { cacheTensors, createCache } from '../../../../activities/engine/sampling/keyValueCache.js';
import { fillNormal } from '../../../../activities/engine/sampling/random.js';
import { architectures, decodeTensors, readFixture } from '../../../reference/fixtures.js';
import { parameterFeeds } from '../runGraph.js';
import { floats } from './floats.js';

describe.each(architectures)('%s with its weights on the left, or stored', (name) => {
  const fixture = readFixture(name);
  const config = readConfig(fixture.configJson, 'config.json');
  const parameters = decodeTensors(fixture.parameters);

  it('decodes the same', async () => {
    const rows = 9;
    const cache = await createCache(languageModel(config).attention, rows, 4);
    for (const [layer, { keys, values }] of cache.layers.entries()) {
      fillNormal(floats(keys), 1, { seed: 1, purpose: 'initialise', example: layer });
      fillNormal(floats(values), 1, { seed: 2, purpose: 'initialise', example: layer });
    }
    const feeds = {
      ...parameterFeeds(parameters),
      ...cacheTensors(cache, 0, rows).past,
      tokens: int64(
        BigInt64Array.from({ length: rows }, (_, row) => BigInt(row + 2)),
        [rows],
      ),
      last_positions: int32(new Int32Array(rows).fill(2), [rows]),
      total_length: int32(Int32Array.of(3), [1]),
      uniforms: float32(
        Float32Array.from({ length: rows }, (_, row) => (row + 0.5) / rows),
        [rows],
      ),
    };
    const run = async (weights: StepWeights): Promise<Record<string, Tensor>> => {
      const session = await createSession(serialise(stepGraph(config, false, weights).graph));
      const fed = Object.entries(feeds).filter(([input]) => session.inputNames.includes(input));
      const outputs = await session.run(Object.fromEntries(fed));
      await session.release();
      return outputs;
    };
    const right = await run('right');
    for (const other of [await run('left'), await run({ stored: parameters })]) {
      expect(other.next_tokens?.data).toEqual(right.next_tokens?.data);
      expect(Object.keys(other)).toEqual(Object.keys(right));
      for (const output of Object.keys(right).filter((key) => key !== 'next_tokens')) {
        const expected = Array.from(right[output]?.data ?? [], Number);
        expect(expected.length).toBeGreaterThan(0);
        Array.from(other[output]?.data ?? [], Number).forEach((value, index) => {
          expect(Math.abs(value - (expected[index] ?? Number.NaN))).toBeLessThan(1e-5);
        });
      }
    }
  });

  it('needs no weights where they are stored', () => {
    const { graph, parameters: shapes } = stepGraph(config, false, { stored: parameters });
    const weights = new Set(shapes.map(([weight]) => weight));
    expect(graph.inputs.filter((input) => weights.has(input.name))).toEqual([]);
  });

  it('has no product with a weight on the right', () => {
    const { graph, parameters: shapes } = stepGraph(config, false, 'left');
    const weights = new Set(shapes.map(([weight]) => weight));
    const right = graph.nodes.filter(
      ({ operator, inputs }) => operator === 'FusedMatMul' && inputs[1] && weights.has(inputs[1].name),
    );
    expect(right).toEqual([]);
  });
});
