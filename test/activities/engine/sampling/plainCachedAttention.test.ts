/** Attention over a cache in plain operators, as CUDA has them in float32, against grouped-query attention: the same cache, the same tokens. */
import { describe, expect, it } from 'vitest';
import { kernelPreferences, type Preferences } from '../../../../activities/engine/graph/preferences.js';
import { languageModel, readConfig } from '../../../../activities/engine/models/index.js';
import { createInPlaceSession, runInPlace } from '../../../../activities/engine/ort/runInPlace.js';
import type { Tensors } from '../../../../activities/engine/ort/session.js';
import { float32, int32, int64 } from '../../../../activities/engine/ort/tensors.js';
import { prefillGraph, stepGraph } from '../../../../activities/engine/sampling/decoderGraphs.js';
import { cacheTensors, createCache } from '../../../../activities/engine/sampling/keyValueCache.js';
import type { ModelGraph } from '../../../../activities/engine/training/graphs.js';
import { architectures, decodeTensors, readFixture, relativeError } from '../../../reference/fixtures.js';
import { parameterFeeds } from '../runGraph.js';
import { floats } from './floats.js';

describe.each(architectures)('%s', (name) => {
  const fixture = readFixture(name);
  const config = readConfig(fixture.configJson, 'config.json');
  const parameters = parameterFeeds(decodeTensors(fixture.parameters));
  const { attention } = languageModel(config);
  const [capacity, lengths] = [9, [4, 1, 3]];
  const rows = lengths.length;

  async function run({ graph }: ModelGraph, feeds: Tensors, results: Tensors): Promise<void> {
    const names = new Set(graph.inputs.map((tensor) => tensor.name));
    const session = await createInPlaceSession(graph);
    await runInPlace(session, Object.fromEntries(Object.entries(feeds).filter(([name]) => names.has(name))), results);
    await session.release();
  }

  /** Prompts of different lengths into the cache, and three steps behind them. */
  async function decoded(preferences?: Preferences) {
    const cache = await createCache(attention, rows, capacity);
    // What is there must be finite, whatever it is.
    for (const { keys, values } of cache.layers) for (const part of [keys, values]) part.fill(3);
    const { past, present } = cacheTensors(cache, 0, rows);
    const time = Math.max(...lengths);
    const prompts = BigInt64Array.from({ length: rows * time }, (_, place) => BigInt(2 + (place % 11)));
    const positions = Int32Array.from(lengths, (length) => length - 1);
    await run(
      prefillGraph(config, 'float32', preferences),
      {
        ...parameters,
        ...past,
        tokens: int64(prompts, [rows, time]),
        last_positions: int32(positions, [rows]),
        total_length: int32(Int32Array.of(time), [1]),
      },
      present,
    );
    const tokens = int64(BigInt64Array.of(5n, 6n, 7n), [rows]);
    const [chosen, logProbs]: [bigint[], number[]] = [[], []];
    for (let step = 0; step < 3; step++) {
      for (let row = 0; row < rows; row++) positions[row] = (positions[row] ?? 0) + 1;
      const found = float32(new Float32Array(rows), [rows]);
      await run(
        stepGraph(config, true, 'right', 'float32', preferences),
        {
          ...parameters,
          ...past,
          tokens,
          last_positions: int32(positions, [rows]),
          total_length: int32(Int32Array.of(Math.max(...positions) + 1), [1]),
        },
        { ...present, next_tokens: tokens, log_probs: found },
      );
      chosen.push(...(tokens.data as BigInt64Array));
      logProbs.push(...(found.data as Float32Array));
    }
    /** Of each row, what was written: prompt and steps. */
    const written = cache.layers.flatMap(({ keys, values }) =>
      [keys, values].flatMap((part) =>
        Array.from(floats(part)).filter((_, place) => {
          const row = Math.floor(place / (attention.keyValueHeads * capacity * attention.size));
          return Math.floor(place / attention.size) % capacity < (lengths[row] ?? 0) + 3;
        }),
      ),
    );
    return { chosen, logProbs, written };
  }

  it('fills the cache and chooses as grouped-query attention does', async () => {
    const [grouped, plain] = [await decoded(), await decoded(kernelPreferences)];
    expect(plain.chosen).toEqual(grouped.chosen);
    expect(relativeError(plain.logProbs, grouped.logProbs)).toBeLessThan(1e-5);
    expect(grouped.written.length).toBe(2 * attention.layers.length * attention.keyValueHeads * attention.size * 17);
    expect(relativeError(plain.written, grouped.written)).toBeLessThan(1e-5);
  });
});
