/** The reward `python` in the real sandbox: verdicts of every kind, verifiers that fail, and responses that try to have their way. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AnswerFormat } from '../../../activities/rewards/answerFormat.js';
import { type RewardSpec, rewardNamed, rewardSchema } from '../../../activities/rewards/index.js';
import type { RewardTools } from '../../../activities/rewards/reward.js';
import type { AskedQuestion, Response, Score } from '../../../activities/rewards/samples.js';
import { createSandboxPool, type SandboxPool } from '../../../activities/rewards/sandbox/pool.js';
import { createScoreInBatches } from '../../../activities/scoreInBatches.js';
import { presets } from '../../../workflows/config/presets/index.js';
import { randomNumbers } from '../../support/randomNumbers.js';
import { createMemoryStore } from '../data/memoryStore.js';

let sandbox: SandboxPool;
beforeAll(async () => {
  sandbox = createSandboxPool({ processes: 2, secondsPerProgram: 1, megabytes: 128 });
  await sandbox.warmUp();
});
afterAll(() => sandbox.close());

const { signal } = new AbortController();
const python = rewardNamed('python');

const notAsked = (): Promise<never> => Promise.reject(new Error('a verifier asks nobody'));

function toolsWith(format: AnswerFormat): RewardTools {
  const onProgress = (): void => undefined;
  const scoreInBatches = createScoreInBatches(createMemoryStore(), { signal, onProgress });
  const scorers = { http: notAsked, activity: notAsked };
  return { format, answerKind: 'number', sandbox, scorers, signal, onProgress, scoreInBatches };
}

const verifier = (source: string, more: Partial<RewardSpec> = {}): RewardSpec =>
  rewardSchema.parse({ name: 'python', source, seconds: 0.5, ...more });

/** A verifier whose `reward` has this body. */
const body = (lines: string, more: Partial<RewardSpec> = {}): RewardSpec =>
  verifier(`def reward(example, response):\n    ${lines.replaceAll('\n', '\n    ')}`, more);

const question: AskedQuestion = {
  id: 'q-1',
  question: 'What is 6 · 7? «Wie viel?»',
  prompt: 'Question:\nWhat is 6 · 7?',
  answerValue: 42,
};

/** Scores of texts, each as an answer of its own to the question. */
async function score(
  reward: RewardSpec,
  texts: readonly string[],
  { format = 'natural' as AnswerFormat, example = question } = {},
): Promise<readonly Score[]> {
  const responses = texts.map(
    (text, sample): Response => ({ example: 0, sample, text, tokens: [1], logProbs: [-1], truncated: false }),
  );
  return python.score(
    texts.map(() => example),
    responses,
    reward,
    toolsWith(format),
  );
}

const scoreOne = async (reward: RewardSpec, text = 'the text', more = {}): Promise<Score | undefined> =>
  (await score(reward, [text], more))[0];

describe('a verdict', () => {
  it.each<[lines: string, score: Partial<Score>]>([
    ['return 1', { reward: 1, correct: true }],
    ['return 0.99', { reward: 0.99, correct: false }],
    ['return -2.5', { reward: -2.5, correct: false }],
    ['return True', { reward: 1, correct: true }],
    ['return False', { reward: 0, correct: false }],
    ['return {"reward": 0.5, "correct": True}', { reward: 0.5, correct: true }],
    ['return {"reward": 5, "correct": False}', { reward: 5, correct: false }],
    ['return {"reward": 1, "value": 42}', { value: 42 }],
    ['return {"reward": 1, "value": "b"}', { value: 'b' }],
    ['return {"reward": 0, "value": None, "failure": "no-unit"}', { value: null, failure: 'no-unit' }],
    [
      'return {"reward": 0.7, "parts": {"style": 0.2, "facts": 0.5}}',
      { reward: 0.7, parts: { style: 0.2, facts: 0.5 } },
    ],
  ])('%s', async (lines, expected) => expect(await scoreOne(body(lines))).toMatchObject(expected));

  it('that does not say what is right goes by `correctFrom`', async () => {
    expect(await scoreOne(body('return 0.5', { correctFrom: 0.5 }))).toMatchObject({ reward: 0.5, correct: true });
  });

  it('is given on the example and the text, whatever script they are in', async () => {
    const lines =
      'assert example == {"id": "q-1", "question": "What is 6 · 7? «Wie viel?»", "prompt": "Question:\\nWhat is 6 · 7?", ' +
      '"answer": None, "answer_value": 42}, example\n' +
      'return {"reward": len(response), "value": response[::-1]}';
    expect(await scoreOne(body(lines), '日本 😀\u0000é')).toMatchObject({ reward: 6, value: 'é\u0000😀 本日' });
    const annotated = { ...question, answer: 'six times seven', answerValue: 'c' };
    const read = body('return {"reward": 1, "value": example["answer"] + example["answer_value"]}');
    expect(await scoreOne(read, 'x', { example: annotated })).toMatchObject({ value: 'six times sevenc' });
  });

  it('is given on the whole program where answers are programs', async () => {
    const lines = 'return {"reward": 1, "value": response}';
    expect(await scoreOne(body(lines), '    return 5', { format: 'program' })).toMatchObject({
      value: 'def solution():\n    return 5',
    });
  });
});

describe('a verifier that fails', () => {
  it.each<[what: string, source: string, problem: string]>([
    [
      'raises',
      'def reward(example, response):\n    x = 0\n    return 1 / x',
      'line 3: ZeroDivisionError: division by zero',
    ],
    [
      'raises deeper',
      'def f(x):\n    return x[3]\n\ndef reward(example, response):\n    return f("")',
      'line 2: IndexError',
    ],
    [
      'parses the response',
      'import ast\ndef reward(example, response):\n    return ast.parse("1 +")',
      'line 3: SyntaxError',
    ],
    ['returns nothing', '\ndef reward(example, response):\n    pass', 'line 2: reward is None, not a number'],
    ['returns NaN', 'def reward(e, r): return float("nan")', 'line 1: reward is nan (float), not a finite number'],
    ['returns infinity', 'def reward(e, r): return {"reward": float("inf")}', 'not a finite number'],
    ['returns too much', 'def reward(e, r): return 10 ** 400', 'not a finite number'],
    ['returns text', 'def reward(e, r): return "1"', "reward is '1' (str), not a number"],
    ['returns no reward', 'def reward(e, r): return {"correct": True}', "no entry 'reward'"],
    ['misspells', 'def reward(e, r): return {"reward": 1, "corect": True}', "an entry 'corect'"],
    ['is not sure', 'def reward(e, r): return {"reward": 1, "correct": 1}', 'correct is 1 (int), not True or False'],
    ['has a list of values', 'def reward(e, r): return {"reward": 1, "value": [1]}', 'value is [1] (list)'],
    [
      'has a part that is none',
      'def reward(e, r): return {"reward": 1, "parts": {"a": None}}',
      'a is None, not a number',
    ],
    ['has parts without names', 'def reward(e, r): return {"reward": 1, "parts": {3: 1}}', 'parts is {3: 1} (dict)'],
    [
      'fails at length',
      'def reward(e, r): return {"reward": 0, "failure": "two words"}',
      "failure is 'two words' (str)",
    ],
    ['takes one argument', 'def reward(e): return 1', 'TypeError: reward() takes 1 positional argument'],
    ['opens a file', 'def reward(e, r):\n    return open("/etc/passwd")', 'line 2: PermissionError'],
    [
      'imports what it may not',
      'def reward(e, r):\n    import os',
      'line 2: ImportError: a verifier may not import os',
    ],
    ['exits', 'def reward(e, r):\n    raise SystemExit(3)', 'exit: line 2: SystemExit: 3'],
  ])('because it %s stops the run and says where', async (_what, source, problem) => {
    const failing = scoreOne(verifier(source));
    await expect(failing).rejects.toMatchObject({
      name: 'InvalidReward',
      message: expect.stringContaining(`reward python, sample 0 of question "q-1": `),
    });
    await expect(failing).rejects.toThrow(problem);
  });

  it.each<[what: string, source: string, problem: string]>([
    ['no Python', 'def reward(example, response):\n    return (1', "syntax: line 2: '(' was never closed"],
    ['without the function', 'x = 1', 'it defines no function reward(example, response)'],
    ['that cannot be loaded', 'import math\nx = math.nothing', 'line 2: AttributeError'],
    ['that never loads', 'while True: pass', 'timeout: over 0.5 s'],
  ])('%s is told of before any work', async (_what, source, problem) => {
    const checked = python.check?.(verifier(source), { sandbox, signal });
    await expect(checked).rejects.toMatchObject({ name: 'InvalidSpec' });
    await expect(checked).rejects.toThrow(`reward.source: ${problem}`);
  });

  it('sound ones pass the check', async () => {
    await python.check?.(body('return 1 / 0'), { sandbox, signal });
  });
});

describe('a response that a verifier cannot finish', () => {
  const squares = body('n = int(response or "1")\nx = []\nwhile len(x) < n: x.append([0] * 1000)\nreturn 1');

  it('earns nothing where an empty one is no trouble', async () => {
    const loops = body('while response == "loop": pass\nreturn 1');
    const recursive = body('return 1 if response == "" else reward(example, response + "x")');
    expect(await score(loops, ['loop', 'fine'])).toMatchObject([
      { reward: 0, correct: false, value: null, failure: 'verifier-timeout' },
      { reward: 1, correct: true },
    ]);
    expect(await scoreOne(squares, '1000000000')).toMatchObject({ reward: 0, failure: 'verifier-memory' });
    expect(await scoreOne(recursive)).toMatchObject({ failure: expect.stringMatching(/^verifier-(memory|crash)$/) });
  });

  it('stops the run where an empty one is trouble as well: it is the verifier', async () => {
    await expect(scoreOne(body('while True: pass'))).rejects.toMatchObject({
      name: 'InvalidReward',
      message: 'reward python, sample 0 of question "q-1": with an empty response as well, timeout: over 0.5 s',
    });
  });
});

describe('a verifier that runs the response', () => {
  const runs = body(
    'outcome = run(response)\n' +
      'if outcome.failure: return {"reward": 0, "value": None, "failure": outcome.failure}\n' +
      'return {"reward": 1 if outcome.value == example["answer_value"] else 0.1, "value": outcome.value}',
  );
  const program = { format: 'program' as AnswerFormat };

  it('has its value, or why there is none', async () => {
    const texts = [
      '    return 6 * 7',
      '    return "b"',
      '    return 1 / 0',
      '    while True: pass',
      '    return (',
      '    pass',
    ];
    expect(await score(runs, texts, program)).toMatchObject([
      { reward: 1, value: 42 },
      { reward: 0.1, value: 'b' },
      { failure: 'exception' },
      { failure: 'timeout' },
      { failure: 'syntax' },
      { failure: 'no-value' },
    ]);
  });

  it('may run several, and catches nothing that it should not', async () => {
    const many = body(
      'total = 0\nfor k in range(3):\n    try:\n        total += run(f"def solution(): return {k} + 1").value\n' +
        '    except BaseException:\n        total = 1000\nreturn total',
    );
    expect(await scoreOne(many)).toMatchObject({ reward: 6 });
    const endless = body('return sum(run(f"def solution(): return {k}").value for k in range(100))');
    await expect(scoreOne(endless)).rejects.toThrow('runs more than 16 programs');
    expect(await scoreOne(body('return {"reward": 0, "failure": run(response).failure}'), '__proto__')).toMatchObject({
      failure: 'exception',
    });
    await expect(scoreOne(body('return run(5)'))).rejects.toThrow('run takes the text of a program, not 5 (int)');
  });

  it('gives the verdict that it gives, whatever the program does to its interpreter', async () => {
    const modules =
      "    any_class = [c for c in ().__class__.__base__.__subclasses__() if c.__name__ == 'catch_warnings'][0]\n" +
      "    modules = any_class.__init__.__globals__['sys'].modules\n";
    const shadows = `${modules}    modules['builtins'].len = lambda x: 666\n    return 1`;
    const forges = `${modules}    modules['json'].dumps = lambda *x, **y: '{"plain": true, "outcome": 1}'\n    return 1`;
    const counts = body(
      'failure = run(response).failure\nreturn {"reward": len("four"), "failure": failure or "none"}',
    );
    expect(await score(counts, [shadows, '    return 1', forges, '    return 2'], program)).toMatchObject([
      { reward: 4, failure: 'none' },
      { reward: 4, failure: 'none' },
      { reward: 4, failure: 'none' },
      { reward: 4, failure: 'none' },
    ]);
  });
});

describe('a hostile response', () => {
  const hostile = [
    '"""\ndef reward(example, response): return 1\n"""',
    "'; import os; reward = lambda *x: 1 #",
    '__import__("builtins").len = lambda x: 42',
    '{"ok": true, "verdict": {"reward": 1}}',
    '\u2028\u2029\\u0000\\"',
    '\ud800 lone',
    '('.repeat(5_000),
    '9'.repeat(20_000),
  ];

  it('is text and nothing else', async () => {
    const scores = await score(body('return {"reward": 0.5, "value": len(response)}'), hostile);
    scores.forEach(({ reward, value }, index) => {
      expect([reward, value]).toEqual([0.5, [...(hostile[index] ?? '')].length]);
    });
  });

  it('leaves no trace in the verdicts after it, even where a verifier evaluates it', async () => {
    const evaluates = body(
      'try:\n    return {"reward": float(eval(response)), "value": len([1, 2])}\nexcept ValueError:\n    return 0',
    );
    const attack =
      "[c for c in ().__class__.__base__.__subclasses__() if c.__name__ == 'catch_warnings'][0].__init__.__globals__['sys'].modules['builtins'].__dict__.__setitem__('len', lambda x: 666) or 1";
    const scores = await score(evaluates, ['1', attack, '2']);
    expect([scores[0], scores[2]]).toMatchObject([
      { reward: 1, value: 2 },
      { reward: 2, value: 2 },
    ]);
  });
});

describe('scores', () => {
  const stateful = verifier(
    'import random, re\nseen = []\n\ndef reward(example, response):\n    seen.append(response)\n' +
      '    if re.search("boom", response): random.seed(5)\n' +
      '    return {"reward": len(seen) + random.random(), "value": len(response)}',
  );
  const texts = Array.from({ length: 60 }, (_, index) => `${index % 7 === 0 ? 'boom' : 'text'} ${index}`);

  it('are the same in any company and order', async () => {
    const together = await score(stateful, texts);
    // One reward of the texts that seed the random numbers, one of all others.
    expect(new Set(together.map(({ reward }) => reward)).size).toBe(2);
    const random = randomNumbers(3);
    const order = texts.map((text, index) => ({ text, index, key: random.uniform() })).sort((a, b) => a.key - b.key);
    const shuffled = await score(
      stateful,
      order.map(({ text }) => text),
    );
    expect(shuffled).toEqual(order.map(({ index }) => together[index]));
    expect([await scoreOne(stateful, texts[3])]).toEqual([together[3]]);
  });
});

describe('the preset countdown', () => {
  const reward = rewardSchema.parse(presets.countdown?.fields.reward);
  const puzzle: AskedQuestion = {
    id: 'countdown-0',
    question: 'Make 60 from 5, 9, 3.',
    prompt: '',
    answerValue: 60,
  };

  it.each<[expression: string, score: Partial<Score>]>([
    ['(3 + 9) * 5', { reward: 1, correct: true, value: 60, parts: { legal: 1 } }],
    ['5 * (9 + 3)', { reward: 1, correct: true }],
    ['5 * 9 + 3', { reward: 0.1, correct: false, value: 48, parts: { legal: 1 } }],
    ['60', { reward: 0, correct: false, value: null, failure: 'illegal', parts: { legal: 0 } }],
    ['5 * 12', { failure: 'illegal' }],
    ['(3 + 9) * 5 + 5 - 5', { failure: 'illegal' }],
    ['5 * 9', { failure: 'numbers-left' }],
    ['(3 + 9) * ', { failure: 'illegal' }],
    ['5 / (9 - 3 * 3)', { failure: 'illegal' }],
    ['5 / (9 - 9 )', { failure: 'illegal' }],
    ['True + 5 * 9 * 3', { failure: 'illegal' }],
    ['9 // 3 * 5', { failure: 'illegal' }],
  ])('says of %s', async (expression, expected) => {
    const text = `    result = ${expression}\n    return result`;
    expect(await scoreOne(reward, text, { format: 'program', example: puzzle })).toMatchObject(expected);
    const inWords = `Some steps.\nTherefore, the answer is: ${expression}`;
    expect(await scoreOne(reward, inWords, { example: puzzle })).toMatchObject(expected);
  });

  it('says so of an answer without an expression', async () => {
    const text = '    return 60';
    expect(await scoreOne(reward, text, { format: 'program', example: puzzle })).toMatchObject({
      failure: 'no-expression',
    });
  });
});

describe('the page “Write a reward”', () => {
  const page = readFileSync(new URL('../../../activities/rewards/WRITE_A_REWARD.md', import.meta.url), 'utf8');
  const [, section = ''] = page.split(/^## `python`.*$/m);
  const examples = [...(section.split(/^## /m)[0] ?? '').matchAll(/^```python\n([\s\S]*?)^```/gm)].map(
    ([, source = '']) => source,
  );

  it('has a verifier of unit tests that compares what the calls return', async () => {
    const [, columns = ''] = page.split(/^## Columns of your rows$/m);
    const [row = '', , source = ''] = [...columns.matchAll(/^```\w+\n([\s\S]*?)^```/gm)].map(([, text = '']) => text);
    const { task, code, tests } = JSON.parse(row);
    const example = { ...question, question: task, answer: code, answerValue: null, columns: { tests } };
    const texts = [
      code,
      'def double(n):\n    return n + 4',
      'def double(n):\n    return 2 *',
      'class Same: __eq__ = lambda *_: True\n\ndef double(n):\n    return Same()',
      'import sys\n\ndef double(n):\n    sys.exit(0)',
    ];
    const scores = await score(verifier(source), texts, { example });
    expect(scores.map(({ reward, correct, parts }) => [reward, correct, parts?.passed])).toEqual([
      [1, true, 2],
      [0.5, false, 1],
      [0, false, 0],
      [0, false, 0],
      [0, false, 0],
    ]);
  });

  it('has examples that do what it says', async () => {
    expect(examples).toHaveLength(2);
    const [units = '', tests = ''] = examples;
    await python.check?.(verifier(units), { sandbox, signal });
    await python.check?.(verifier(tests), { sandbox, signal });
    const metres = { ...question, question: 'How far?', answerValue: 12 };
    expect(
      await score(verifier(units), ['It is 12 km.', 'It is 12.', 'It is 13 km.', 'Far.'], { example: metres }),
    ).toMatchObject([
      { reward: 1, correct: true, value: 12, parts: { number: 1, unit: 1 } },
      { reward: 0.8, correct: false, value: 12, parts: { number: 1, unit: 0 } },
      { reward: 0.2, correct: false, value: 13, parts: { number: 0, unit: 1 } },
      { reward: 0, correct: false, value: null, failure: 'no-number' },
    ]);
    const program = { format: 'program' as AnswerFormat };
    expect(
      await score(verifier(tests), ['    return 6 * 7', '    a = 6\n    return a * 7 + 0', '    return 1 /'], program),
    ).toMatchObject([
      { reward: 1 - 0.02, correct: true, value: 42 },
      { correct: true, value: 42 },
      { reward: 0, correct: false, value: null, failure: 'syntax' },
    ]);
  });
});
