/** What an annotation may be told, and what is refused before any work. */
import { describe, expect, it } from 'vitest';
import { describeAnnotation } from '../../../workflows/config/annotation.js';
import { resolveAnnotation } from '../../../workflows/config/resolve.js';

const endpoint = { kind: 'endpoint', url: 'https://api.example.org/v1', model: 'm' };
const checkpoint = { kind: 'checkpoint', from: 's3://reft/runs/one/model' };
const spec = { data: { source: 'svamp' }, annotator: endpoint };

describe('an annotation', () => {
  it('takes the worked questions of its data set', () => {
    expect(resolveAnnotation(spec).prompt).toEqual({ examples: 'svamp' });
    expect(resolveAnnotation({ ...spec, data: { source: 'mathqa' } }).prompt).toEqual({ examples: 'mathqa' });
    const made = { source: 'generated', train: 5, test: 5 };
    expect(resolveAnnotation({ ...spec, data: made }).prompt).toEqual({ examples: 'gsm8k' });
    expect(resolveAnnotation({ ...spec, prompt: { examples: 'none' } }).prompt).toEqual({ examples: 'none' });
  });

  it('asks a checkpoint no second time', () => {
    expect(resolveAnnotation({ ...spec, annotator: checkpoint, samples: 8 }).retries.samples).toBe(0);
    expect(resolveAnnotation(spec).retries.samples).toBe(2);
  });

  it('is told in a few lines, without what may be secret in an address', () => {
    expect(
      describeAnnotation(
        resolveAnnotation({
          ...spec,
          budget: { money: 3 },
          annotator: { ...endpoint, price: { input: 1, output: 2 } },
        }),
      ),
    ).toMatch(/svamp, all training questions.*\n.*m at api\.example\.org\n.*\n.*money 3/);
  });

  it.each([
    [
      { annotator: { ...endpoint, url: 'https://api.example.org/v1/chat/completions' } },
      /annotator\.url: got .*the base address/,
    ],
    [{ annotator: { ...endpoint, url: 'https://u:p@api.example.org/v1' } }, /annotator\.url: holds/],
    [{ annotator: { ...endpoint, key: 'AWS_SECRET_ACCESS_KEY' } }, /annotator\.key: got "AWS_SECRET_ACCESS_KEY"/],
    [{ annotator: { ...endpoint, key: `sk-${'a'.repeat(30)}` } }, /annotator\.key: holds a key or token/],
    [{ annotator: { ...endpoint, temperature: 3 } }, /annotator\.temperature: got 3/],
    [{ annotator: { ...endpoint, extraBody: { n: 4 } } }, /annotator\.extraBody/],
    [{ annotator: { kind: 'robot' } }, /annotator/],
    [{ budget: { money: 5 } }, /annotator\.price: .*what tokens cost/],
    [{ budget: { requests: 0 } }, /budget\.requests: got 0/],
    [{ samples: 2, keep: { rule: 'all', most: 4 } }, /samples: .*at least keep\.most \(4\)/],
    [{ keep: { rule: 'best' } }, /keep\.rule: got "best"/],
    [{ data: { source: 'generated' } }, /data\.train: /],
    [{ data: { source: 'svamp', promptFormat: 'chat' } }, /data\.promptFormat: /],
    [{ data: { source: { train: 'a', test: 'b', answers: 'text' } } }, /prompt\.examples: .*your own examples/],
    [{ annotator: checkpoint, budget: { requests: 5 } }, /budget\.requests: .*null for a checkpoint/],
    [{ annotator: checkpoint, retries: { samples: 2 } }, /retries\.samples: .*0 for a checkpoint/],
    [{ reward: { name: 'answer', extraction: 'boxed' } }, /reward\.extraction: /],
  ])('%j is refused with the field, the value and what is allowed', (more, message) => {
    expect(() => resolveAnnotation({ ...spec, ...more })).toThrow(message);
  });
});
