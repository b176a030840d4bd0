/** The graph that draws the next token, against the inverse of the cumulative distribution. */
import { describe, expect, it } from 'vitest';
import { createGraph, input, output } from '../../../../activities/engine/graph/graph.js';
import { cast } from '../../../../activities/engine/graph/operators.js';
import { float32 } from '../../../../activities/engine/ort/tensors.js';
import { chooseAtRandom, chooseGreedily, chooseTempered } from '../../../../activities/engine/sampling/chooseToken.js';
import { fillNormal, uniform } from '../../../../activities/engine/sampling/random.js';
import { runOnce } from '../runGraph.js';

const rows = 64;

/** Row r of the logits is peaked r / 8 times as much as a standard normal; every fifth token is impossible. */
function randomLogits(vocabulary: number): Float32Array {
  const logits = new Float32Array(rows * vocabulary);
  fillNormal(logits, 1, { seed: 4, purpose: 'initialise' });
  return logits.map((value, index) =>
    (index % vocabulary) % 5 === 0 ? -1e4 : (value * Math.floor(index / vocabulary)) / 8,
  );
}

/** In float64: the first token whose cumulative probability exceeds the uniform number, and log π of all. */
function expected(logits: Float32Array, drawn: number): { readonly cumulative: number[]; readonly logProbs: number[] } {
  const largest = logits.reduce((a, b) => Math.max(a, b));
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0);
  const logProbs = Array.from(logits, (logit) => logit - largest - Math.log(total));
  let sum = 0;
  const cumulative = logProbs.map((logProb) => {
    sum += Math.exp(logProb);
    return sum;
  });
  expect(drawn).toBeLessThan(1);
  return { cumulative, logProbs };
}

// One stage; two stages of unlike sizes; two of like sizes; a prime, so that blocks have one token each.
describe.each([150, 514, 1024, 1009])('a vocabulary of %s tokens', (vocabulary) => {
  const logits = randomLogits(vocabulary);
  const row = (index: number): Float32Array => logits.subarray(index * vocabulary, (index + 1) * vocabulary);

  it.each([1, 0.5, 2])(
    'is drawn from by the inverse of the cumulative distribution, at temperature %s',
    async (temperature) => {
      const graph = createGraph();
      const given = input(graph, 'logits', 'float32', ['batch', vocabulary]);
      const uniform01 = input(graph, 'uniforms', 'float32', ['batch']);
      const chosen =
        temperature === 1
          ? chooseAtRandom(given, uniform01)
          : chooseTempered(given, uniform01, input(graph, 'inverse_temperature', 'float32', [1]));
      output(cast(chosen.tokens, 'float32'), 'tokens');
      output(chosen.logProbs, 'log_probs');
      const uniforms = Float32Array.from({ length: rows }, (_, position) =>
        position < 2 ? position * (1 - 2 ** -24) : uniform({ seed: 9, purpose: 'rollout', position }),
      );
      const outputs = await runOnce(
        { graph },
        {
          logits: float32(logits, [rows, vocabulary]),
          uniforms: float32(uniforms, [rows]),
          ...(temperature === 1 ? {} : { inverse_temperature: float32(Float32Array.of(1 / temperature), [1]) }),
        },
      );
      const tokens = outputs.get('tokens')?.data ?? new Float32Array();
      expect(tokens.length).toBe(rows);
      tokens.forEach((token, index) => {
        const drawn = uniforms[index] ?? Number.NaN;
        // Drawn at the temperature; the log-probabilities are the model's own.
        const { cumulative } = expected(
          row(index).map((logit) => logit / temperature),
          drawn,
        );
        const { logProbs } = expected(row(index), drawn);
        expect(cumulative[token] ?? Number.NaN).toBeGreaterThan(drawn - 1e-6);
        expect(cumulative[token - 1] ?? 0).toBeLessThan(drawn + 1e-6);
        expect(token % 5).not.toBe(0);
        expect(outputs.get('log_probs')?.data[index]).toBeCloseTo(logProbs[token] ?? Number.NaN, 5);
      });
      expect(new Set(tokens).size).toBeGreaterThan(rows / 2);
    },
  );

  it('has a most likely token', async () => {
    const graph = createGraph();
    const chosen = chooseGreedily(input(graph, 'logits', 'float32', ['batch', vocabulary]));
    output(cast(chosen.tokens, 'float32'), 'tokens');
    output(chosen.logProbs, 'log_probs');
    const outputs = await runOnce({ graph }, { logits: float32(logits, [rows, vocabulary]) });
    outputs.get('tokens')?.data.forEach((token, index) => {
      const { logProbs } = expected(row(index), 0);
      expect(row(index)[token]).toBe(Math.max(...row(index)));
      expect(outputs.get('log_probs')?.data[index]).toBeCloseTo(logProbs[token] ?? Number.NaN, 5);
    });
  });
});
