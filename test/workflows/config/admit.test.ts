/** What is refused before a specification is read: depth, size, secrets; and numbers that nobody can mean. */
import { describe, expect, it } from 'vitest';
import { InvalidSpec } from '../../../activities/errors.js';
import { jsonSchema } from '../../../workflows/config/jsonSchema.js';
import { resolveComparison, resolveEvaluation, resolveSpec } from '../../../workflows/config/resolve.js';
import { secretIn } from '../../../workflows/config/secrets.js';

function problemsOf(input: unknown, resolve: (given: unknown) => unknown = resolveSpec): string {
  try {
    resolve(input);
  } catch (error) {
    if (error instanceof InvalidSpec) return error.message;
    throw error;
  }
  return 'accepted';
}

/** `{"data": {"data": … }}`, or lists in lists. */
function nested(depth: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = wrap(value);
  return value;
}

describe('a specification of any depth and size', () => {
  it('case spec-deep: is refused in under 1 kB', () => {
    for (const resolve of [resolveSpec, resolveComparison, resolveEvaluation])
      for (const wrap of [(data: unknown) => ({ data }), (data: unknown) => ({ x: [data] })]) {
        const message = problemsOf(nested(20_000, wrap), resolve);
        expect(message).toMatch(/nested 33 deep, allowed: at most 32/);
        expect(message.length).toBeLessThan(1_000);
      }
    expect(problemsOf(nested(100_000, (data) => [data]))).toMatch(/got a list, allowed: an object/);
  });

  it('is told its first problems in under 2 kB', () => {
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`field${index}`, index]));
    const message = problemsOf({ preset: 'demo', ...many });
    expect(message).toMatch(/5000 problems/);
    expect(message).toMatch(/- and \d+ more$/);
    expect(message.length).toBeLessThan(2_000);
    expect(problemsOf({ preset: 'demo', ['x'.repeat(500_000)]: 1 }).length).toBeLessThan(2_000);
    expect(problemsOf({ preset: 'demo', title: 'x'.repeat(500_000) }).length).toBeLessThan(2_000);
    expect(problemsOf({ preset: 'demo', method: 'x'.repeat(2_000_000) })).toMatch(/more than 1000000 characters/);
    expect(problemsOf({ preset: 'demo', x: Array.from({ length: 200_000 }, () => 1) })).toMatch(/more than 100000/);
  });
});

describe('numbers', () => {
  it('case spec-senseless: are refused with the range', () => {
    expect(problemsOf({ preset: 'demo', ppo: { klCoefficient: 1e308 } })).toMatch(
      /ppo\.klCoefficient: got 1e\+308, allowed: a number from 0 to 100/,
    );
  });

  it('have a range, each of them', () => {
    const unbounded: string[] = [];
    const walk = (schema: unknown, path: string): void => {
      if (typeof schema !== 'object' || schema === null) return;
      const { type, minimum, exclusiveMinimum, maximum, const: only, enum: some } = schema as Record<string, unknown>;
      const isNumber = (type === 'number' || type === 'integer') && only === undefined && some === undefined;
      const isBounded =
        typeof (minimum ?? exclusiveMinimum) === 'number' &&
        typeof maximum === 'number' &&
        maximum < Number.MAX_SAFE_INTEGER;
      if (isNumber && !isBounded) unbounded.push(path);
      for (const [key, inner] of Object.entries(schema)) walk(inner, `${path}.${key}`);
    };
    for (const name of ['run', 'compare', 'evaluation'] as const) walk(jsonSchema(name), name);
    expect(unbounded).toEqual([]);
  });
});

const signed = 'https://bucket.s3.amazonaws.com/train.jsonl?X-Amz-Expires=600&X-Amz-Signature=0123456789abcdef';

describe('secrets', () => {
  it.each([
    ['data.source.train.from', { data: { source: { train: { from: signed } } } }, /X-Amz|0123/, /AWS_ACCESS_KEY_ID/],
    ['data.source', { data: { source: 'https://host/rows.csv?token=s3cr3tvalue' } }, /s3cr3t/, /HF_TOKEN/],
    ['model.from', { model: { from: 's3://AKEY:s3cr3tvalue@bucket/models/x' } }, /s3cr3t/, /AWS_SECRET_ACCESS_KEY/],
    ['reward.url', { reward: { name: 'http', url: 'https://me:s3cr3tvalue@host/score' } }, /s3cr3t/, /`header`/],
    ['title', { title: `mine hf_${'a'.repeat(34)}` }, /aaaa/, /HF_TOKEN of the workers/],
    ['title', { title: 'key AKIAABCDEFGHIJKLMNOP' }, /ABCDEF/, /AWS_ACCESS_KEY_ID/],
    ['reward.x.1', { reward: { x: ['', `sk-${'b'.repeat(40)}`] } }, /bbbb/, /`header`/],
  ])('in %s are refused, with what to do instead, and not repeated', (path, overrides, secret, remedy) => {
    const message = problemsOf({ preset: 'demo', ...overrides });
    expect(message).toContain(`${path}: holds `);
    expect(message).toMatch(remedy);
    expect(message).not.toMatch(secret);
  });

  it('are not seen where there are none', () => {
    for (const text of [
      'https://host/data/train.jsonl',
      'https://host/rows.csv?version=2&format=csv&download=true',
      'https://host/rows.csv?token=',
      's3://bucket/runs/x/model',
      'hf:org/name@main',
      'def reward(example, response):\n    token = response.split("=")[1]\n    return token == example["answer"]',
      'mail me@host.org about sk-learn and hf_hub_download',
      'checkpoint:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
      'ghp_short',
    ])
      expect(secretIn(text)).toBeUndefined();
    for (const text of [
      `Authorization: Bearer ${'c'.repeat(32)}`,
      `eyJ${'d'.repeat(20)}.eyJ${'e'.repeat(20)}.${'f'.repeat(20)}`,
      '-----BEGIN RSA PRIVATE KEY-----',
      'https://account.blob.core.windows.net/c/rows.csv?sv=2024&sig=abc%3D',
      'https://host/rows#access_token=abc',
      '  http://user@host/rows',
    ])
      expect(secretIn(text)).toBeDefined();
  });
});
