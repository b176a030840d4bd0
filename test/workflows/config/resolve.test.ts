/** How a specification is put together from preset and overrides, and what a bad one is told. */
import { describe, expect, it } from 'vitest';
import { InvalidSpec } from '../../../activities/errors.js';
import { jsonSchema } from '../../../workflows/config/jsonSchema.js';
import { comparisonPresets, presets } from '../../../workflows/config/presets/index.js';
import { resolveComparison, resolveSpec } from '../../../workflows/config/resolve.js';

function problemsOf(input: unknown): string {
  try {
    resolveSpec(input);
  } catch (error) {
    if (error instanceof InvalidSpec) return error.message;
    throw error;
  }
  return 'accepted';
}

describe('resolveSpec', () => {
  it.each(Object.keys(presets))('the preset %s is a whole run', (preset) => {
    expect(resolveSpec({ preset })).toMatchObject({ method: 'reft', seed: 0 });
  });

  it('lays overrides over the preset, leaving their neighbours', () => {
    const spec = resolveSpec({ preset: 'demo', seed: 3, ppo: { optimiser: { learningRate: 1e-4 } } });
    const plain = resolveSpec({ preset: 'demo' });
    expect(spec).toEqual({
      ...plain,
      seed: 3,
      ppo: { ...plain.ppo, optimiser: { ...plain.ppo?.optimiser, learningRate: 1e-4 } },
    });
  });

  it('rewards answers as the paper does, unless told otherwise', () => {
    expect(resolveSpec({ preset: 'demo' }).reward).toEqual({ name: 'answer', partialReward: 0.1 });
    const none = { name: 'answer', partialReward: 0 };
    expect(resolveSpec({ preset: 'demo', reward: none }).reward).toEqual(none);
  });

  it('lets another reward take the place of a preset’s, with its own options', () => {
    const { reward } = resolveSpec({ preset: 'countdown' });
    expect(reward).toMatchObject({ name: 'python', seconds: 2, correctFrom: 1 });
    expect(resolveSpec({ preset: 'countdown', reward: { name: 'answer' } }).reward).toEqual(
      resolveSpec({ preset: 'demo' }).reward,
    );
    expect(resolveSpec({ preset: 'countdown', reward: { seconds: 5 } }).reward).toEqual({ ...reward, seconds: 5 });
  });

  it('wants a reward of one’s own, and answers in words, where rows have no right answer', () => {
    const source = { train: 'a.jsonl', test: 'b.jsonl', fields: { question: 'q', answer: 'a' } };
    const spec = (data: object, reward: object) => ({ preset: 'smoke', data: { source, ...data }, reward });
    const verifier = { name: 'python', source: 'def reward(example, response): return 1' };
    const terms = [
      { part: 'tests', reward: verifier },
      { part: 'answer', reward: { name: 'answer' } },
    ];
    const words = { cot: 'natural', source: { ...source, answers: 'text' } };
    expect(resolveSpec(spec(words, verifier)).reward).toMatchObject(verifier);
    expect(problemsOf(spec(words, { name: 'answer' }))).toContain('reward.name: got "answer"');
    expect(problemsOf(spec(words, { name: 'sum', terms }))).toContain('reward.terms.1.reward.name: got "answer"');
    const problems = problemsOf(spec({ cot: 'program' }, verifier));
    expect(problems).toContain('data.source.answers: missing, allowed: "text", where fields names no value');
    expect(problems).toContain('data.source.fields.value: missing, allowed: a column');
    const indexed = { ...words.source, fields: { ...source.fields, options: 'o', valueIndexFrom: 0 } };
    expect(problemsOf(spec({ ...words, source: indexed }, verifier))).toContain('data.source.fields.valueIndexFrom');
  });

  it('lets a pretrained model take the place of a preset’s', () => {
    for (const from of ['hf:gpt2', 'hf:org/Name-1.5@main', 's3://bucket/runs/x/model', '/models/tiny'])
      expect(resolveSpec({ preset: 'demo', model: { from } }).model).toEqual({ from });
  });

  it('takes null for a part that can be left out', () => {
    expect(resolveSpec({ preset: 'demo', sft: null, rewardModel: null })).toMatchObject({
      sft: null,
      rewardModel: null,
    });
  });

  it('resolves what it resolved to the same', () => {
    const spec = resolveSpec({ preset: 'demo' });
    expect(resolveSpec(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
  });

  it.each([
    [42, ['got 42', 'an object']],
    [null, ['got null', 'an object']],
    [{ preset: 'demon' }, ['preset: got "demon"', '"demo"', '"svamp"', '"smoke"']],
    [{ preset: 'constructor' }, ['preset: got "constructor"']],
    [{ preset: 7 }, ['preset: got 7']],
    [{ preset: 'demo', seed: -1 }, ['seed: got -1', 'a whole number from 0 to 4294967295']],
    [{ preset: 'demo', seed: 1.5 }, ['seed: got 1.5', 'a whole number from 0']],
    [{ preset: 'demo', seed: '1' }, ['seed: got "1"', 'a whole number']],
    [
      { preset: 'demo', sede: 1 },
      ['sede: unknown field (did you mean "seed"?), allowed here: ', 'title, method, seed'],
    ],
    [{ preset: 'demo', __proto__: null, ppo: { lr: 1 } }, ['ppo.lr: unknown field, allowed here: ', 'klCoefficient']],
    [
      { preset: 'demo', ppo: { optimiser: { learningRate: 0 } } },
      ['ppo.optimiser.learningRate: got 0', 'greater than 0'],
    ],
    [{ preset: 'demo', ppo: { gamma: 2 } }, ['ppo.gamma: got 2', 'from 0 to 1']],
    [{ preset: 'demo', ppo: 3 }, ['ppo: got 3', 'an object with the fields epochs']],
    [{ preset: 'demo', ppo: null }, ['ppo: got null', 'method reft needs an object here']],
    [{ preset: 'demo', sft: 'yes' }, ['sft: got "yes"', 'an object with the fields', 'or null']],
    [
      { preset: 'demo', data: { promptFormat: 'chat' } },
      ['data.promptFormat: got "chat"', 'needs a pretrained model with a chat template'],
    ],
    [{ preset: 'demo', data: { promptFormat: 'chatml' } }, ['data.promptFormat: got "chatml"', '"plain"']],
    [{ preset: 'demo', method: 'dpo' }, ['method: got "dpo"', 'one of "sft"', '"reft"']],
    [{ preset: 'demo', data: { docstring: 1 } }, ['data.docstring: got 1', 'true or false']],
    [{ preset: 'demo', model: { heads: 3 } }, ['model.heads: got 3', 'must divide hiddenSize 64']],
    [{ preset: 'demo', model: { keyValueHeads: 3 } }, ['model.keyValueHeads: got 3', 'must divide heads 4']],
    [{ preset: 'demo', reward: { name: 'praise' } }, ['reward.name: got "praise", allowed: "answer"']],
    [{ preset: 'demo', reward: { name: 'answer', part: 1 } }, ['reward.part: unknown field', 'partialReward']],
    [
      { preset: 'demo', reward: { name: 'answer', extraction: 'boxed' } },
      ['reward.extraction: got "boxed", allowed: "program" with data.cot program and number answers'],
    ],
    [
      { preset: 'demo', data: { cot: 'natural' }, reward: { name: 'answer', extraction: 'choice-letter' } },
      [
        'reward.extraction: got "choice-letter", allowed: "marker" or "boxed" or "hashes" or "last-number" with data.cot',
      ],
    ],
    [
      { preset: 'demo', reward: { name: 'answer', comparison: { name: 'text' } } },
      ['reward.comparison.name: got "text", allowed: "numeric" with number answers'],
    ],
    [
      { preset: 'demo', data: { source: 'mathqa' }, reward: { name: 'answer', comparison: { name: 'numeric' } } },
      ['reward.comparison.name: got "numeric", allowed: "choice" with choice answers'],
    ],
    [
      { preset: 'demo', reward: { name: 'answer', comparison: { name: 'numeric', absoluteTolerance: -1 } } },
      ['reward.comparison.absoluteTolerance: got -1', 'from 0 to 1000000000'],
    ],
    [
      { preset: 'demo', reward: { name: 'answer', comparison: { name: 'fuzzy' } } },
      ['reward.comparison.name: got "fuzzy"', '"numeric"', '"text"'],
    ],
    [{ preset: 'demo', reward: { name: 'answer', partialReward: 2 } }, ['reward.partialReward: got 2', 'from 0 to 1']],
    [{ preset: 'demo', model: { depth: 3 } }, ['model.depth: unknown field', 'from', 'hiddenSize']],
    [{ preset: 'demo', model: { layers: 0 } }, ['model.layers: got 0', 'a whole number from 1 to 256']],
    [{ preset: 'demo', model: 5 }, ['model: got 5', 'fields from', 'fields hiddenSize']],
    [{ preset: 'demo', model: { from: 'gpt2' } }, ['model.from: got "gpt2"', 'hf:org/name', 's3://bucket/prefix']],
    [{ preset: 'demo', model: { from: 3 } }, ['model.from: got 3', 'a string']],
    [{ preset: 'demo', model: { from: 'hf:gpt2', layers: 2 } }, ['model.layers: unknown field']],
    [{ preset: 'demo', ppo: { miniBatch: 251 } }, ['ppo.miniBatch: got 251', 'at most 250']],
    [{ preset: 'demo', generation: { maxAnswerTokens: 128 } }, ['generation.maxAnswerTokens: got 128', 'maxPositions']],
    [{ preset: 'svamp', data: { source: 'generated' } }, ['data.train: missing', 'data.test: missing']],
    [{ preset: 'svamp', data: { source: 'gsm' } }, ['data.source: got "gsm"', '"gsm8k"', 'fields train, test']],
    [
      { preset: 'svamp', data: { source: { train: 'a.json' } } },
      ['data.source.test: missing', 'fields from, sha256, format'],
    ],
    [
      { preset: 'svamp', data: { source: { train: 'http://host/a.json', test: { from: 'b.json', sha256: '0' } } } },
      ['data.source.train: got "http', 'needs a checksum', 'test.sha256: got "0", allowed: 64 hexadecimal digits'],
    ],
    [
      { preset: 'svamp', data: { source: { train: 'a.csv', test: 'b.csv', fields: { question: 'q' } } } },
      ['data.source.fields.value: missing'],
    ],
    [{ preset: 'demo', compute: { precision: 'fp8' } }, ['compute.precision: got "fp8"', '"bfloat16"']],
    [{ preset: 'demo', lora: { rank: 0, alpha: 16 } }, ['lora.rank: got 0', 'from 1 to 1024']],
    [{ preset: 'demo', lora: { rank: 8 } }, ['lora.alpha: missing', 'greater than 0']],
    [
      { preset: 'demo', lora: { rank: 8, alpha: 16, targetModules: [] } },
      ['lora.targetModules: got []', '"all-linear", or a list of at least 1, each a string'],
    ],
    [{ preset: 'demo', method: 'sft', sft: null }, ['sft: got null', 'method sft needs']],
    [{ preset: 'demo', method: 'grpo', grpo: null }, ['grpo: got null', 'method grpo needs']],
    [
      { preset: 'demo', onlineSelfTraining: { miniBatch: 251 } },
      ['onlineSelfTraining.miniBatch: got 251', 'at most 250'],
    ],
    [{ preset: 'demo', grpo: { samplesPerQuestion: 1 } }, ['grpo.samplesPerQuestion: got 1', 'from 2']],
    [{ preset: 'demo', dapo: { overlong: { buffer: 41 } } }, ['dapo.overlong.buffer: got 41', 'maxAnswerTokens 40']],
    [{ preset: 'demo', dapo: { clipRange: { low: 2 } } }, ['dapo.clipRange.low: got 2', 'at most 1']],
    [{ preset: 'demo', gspo: { clipRange: -1 } }, ['gspo.clipRange: got -1']],
    [
      { preset: 'demo', ppo: { samplingCorrection: { cap: 0 } } },
      ['ppo.samplingCorrection.cap: got 0', 'greater than 0'],
    ],
    [{ preset: 'demo', grpo: { klEstimator: 'k4' } }, ['grpo.klEstimator: got "k4"', '"k3"']],
    [{ preset: 'demo', grpo: { miniBatch: 501 } }, ['grpo.miniBatch: got 501', 'at most 500']],
    [{ preset: 'demo', grpo: { normalisation: 'mean' } }, ['grpo.normalisation: got "mean"', '"sequence"']],
    [{ preset: 'demo', evaluation: { patience: 0 } }, ['evaluation.patience: got 0', 'from 1']],
    [{ seed: 1 }, ['data: missing', 'model: missing', 'warmUp: missing', 'generation: missing']],
    [
      { preset: 'demo', seed: -1, sede: 2, ppo: { ppoEpochs: 0 } },
      ['3 problems', 'seed: got', 'sede: unknown', 'ppo.ppoEpochs'],
    ],
  ])('refuses %j', (input, parts) => {
    const message = problemsOf(input);
    for (const part of parts) expect(message).toContain(part);
  });
});

describe('jsonSchema', () => {
  it('is two forms: overrides of a preset, where nothing else is required, and a whole specification', () => {
    const [overrides, whole] = (jsonSchema() as { anyOf: Record<string, unknown>[] }).anyOf;
    expect(overrides).toMatchObject({
      properties: { preset: { enum: Object.keys(presets) }, warmUp: { type: 'object' }, seed: { type: 'integer' } },
      required: ['preset'],
      additionalProperties: false,
    });
    expect(JSON.stringify(overrides?.properties)).not.toContain('required');
    expect(whole).toMatchObject({ required: ['data', 'model', 'generation', 'warmUp'] });
  });
});

describe('a comparison', () => {
  it.each(Object.keys(comparisonPresets))('has the sound preset %s', (preset) => {
    const { methods, seeds, run } = resolveComparison({ preset });
    expect(methods).toContain('reft');
    expect(seeds.length).toBeGreaterThanOrEqual(3);
    expect(run.evaluation.samplesPerQuestion).toBeGreaterThan(0);
  });
});
