/** What annotations go by: budgets, requests at once, answers read, kept and told apart. */
import { describe, expect, it } from 'vitest';
import { askAll } from '../../../activities/annotation/askAll.js';
import { isOutOfQuota, readCompletion, worstUsage } from '../../../activities/annotation/chatCompletion.js';
import { createConcurrency } from '../../../activities/annotation/concurrency.js';
import { equationsOf } from '../../../activities/annotation/equations.js';
import { type Judged, keepAnswers, wantsMore } from '../../../activities/annotation/keep.js';
import { type Budget, createLedger, leftOf, noUsage, type Usage } from '../../../activities/annotation/ledger.js';
import { promptBefore } from '../../../activities/annotation/prompts/index.js';
import { readAnswer } from '../../../activities/annotation/readAnswer.js';
import { at } from '../../../activities/invariant.js';
import { answerMarker } from '../../../activities/rewards/answerFormat.js';

const free = { input: 0, output: 0 };
const noBudget: Budget = { requests: null, tokens: null, money: null };
const took = (tokens: number): Usage => ({ requests: 1, promptTokens: 0, completionTokens: tokens });

describe('a budget', () => {
  it('is never exceeded, and ends at the same request however many are under way', async () => {
    for (const budget of [{ requests: 7 }, { tokens: 95 }, { money: 0.000_19 }]) {
      const ends = new Set<string>();
      for (const [start, delay] of [
        [1, 0],
        [4, 3],
        [64, 1],
      ] as const) {
        const ledger = createLedger({ ...noBudget, ...budget }, { input: 0, output: 2 }, noUsage);
        const { begun, stopped } = await askAll({
          requests: Array.from({ length: 40 }, (_, index) => index),
          worstOf: () => took(20),
          ask: async (index) => {
            await new Promise((resolve) => setTimeout(resolve, delay * (index % 3)));
            return took(10);
          },
          ledger,
          concurrency: createConcurrency(start, 64),
          signal: new AbortController().signal,
        });
        expect(stopped).toBe(Object.keys(budget)[0]);
        ends.add(JSON.stringify([begun, ledger.spent]));
      }
      expect(ends.size, JSON.stringify(budget)).toBe(1);
    }
  });

  it('ends where the worst case does not fit, and counts what an answer took', () => {
    const ledger = createLedger({ ...noBudget, tokens: 30 }, free, noUsage);
    const end = ledger.begin(took(20));
    expect(ledger.obstacle(took(20))).toBe('tokens');
    end(took(10));
    expect(ledger.obstacle(took(20))).toBeUndefined();
    ledger.begin(took(20))(null);
    expect(ledger.spent).toEqual(took(10));
    expect(leftOf({ ...noBudget, tokens: 30, money: 1 }, ledger.spent, free)).toEqual({ tokens: 20, money: 1 });
  });

  it('reckons with the most that a prompt can take', () => {
    const { promptTokens, completionTokens } = worstUsage([{ role: 'user', content: 'äöü' }], 9);
    expect(promptTokens).toBeGreaterThanOrEqual(6);
    expect(completionTokens).toBe(9);
  });
});

describe('requests at once', () => {
  it('grow by one a round, and are halved once for one overload', () => {
    const concurrency = createConcurrency(4, 6);
    for (let answers = 0; answers < 5; answers++) concurrency.succeeded();
    expect(concurrency.limit).toBe(5);
    for (let answers = 0; answers < 50; answers++) concurrency.succeeded();
    expect(concurrency.limit).toBe(6);
    concurrency.overloaded(10, 20, 500);
    concurrency.overloaded(15, 21, 0);
    expect([concurrency.limit, concurrency.pausedUntil]).toEqual([3, 520]);
    for (const begunAt of [30, 40, 50]) concurrency.overloaded(begunAt, begunAt + 1, 0);
    expect(concurrency.limit).toBe(1);
  });

  it('are not exceeded, and a failure lets those under way finish', async () => {
    let [underWay, most, ended] = [0, 0, 0];
    const asking = askAll({
      requests: Array.from({ length: 30 }, (_, index) => index),
      worstOf: () => took(1),
      async ask(index) {
        underWay += 1;
        most = Math.max(most, underWay);
        await new Promise((resolve) => setTimeout(resolve, index === 5 ? 0 : 5));
        underWay -= 1;
        if (index === 5) throw new Error('no');
        ended += 1;
        return took(1);
      },
      ledger: createLedger(noBudget, free, noUsage),
      concurrency: createConcurrency(3, 3),
      signal: new AbortController().signal,
    });
    await expect(asking).rejects.toThrow('no');
    expect([most, underWay]).toEqual([3, 0]);
    expect(ended).toBeLessThan(9);
  });
});

describe('a reply', () => {
  const reply = (choice: object, more: object = {}) => JSON.stringify({ choices: [choice], ...more });
  it.each([
    [reply({ message: { content: 'a' }, finish_reason: 'stop' }), { text: 'a', ending: 'stop' }],
    [reply({ message: { content: 'a' } }), { text: 'a', ending: 'stop', isEstimated: true }],
    [reply({ message: { content: 'a' }, finish_reason: 'length' }), { ending: 'length' }],
    [reply({ message: { content: null }, finish_reason: 'content_filter' }), { text: '', ending: 'content-filter' }],
    [reply({ message: { content: null, refusal: 'no' }, finish_reason: 'stop' }), { ending: 'content-filter' }],
    [
      reply({ message: { content: 'a' } }, { usage: { prompt_tokens: 3, completion_tokens: 2 } }),
      { usage: { requests: 1, promptTokens: 3, completionTokens: 2 }, isEstimated: false },
    ],
    [reply({ message: { content: 'abcd' } }, { usage: { prompt_tokens: -1 } }), { isEstimated: true }],
  ])('%.80s is read', (text, expected) => {
    expect(readCompletion(text, [{ role: 'user', content: 'q' }])).toMatchObject({ completion: expected });
  });

  it.each([
    ['{"choices": [', 'not-json'],
    ['<html>', 'not-json'],
    ['{"choices": []}', 'not-a-completion'],
    ['{"error": {"message": "overloaded"}}', 'not-a-completion'],
    ['[]', 'not-a-completion'],
  ])('%s is a fault', (text, fault) => {
    expect(readCompletion(text, [])).toEqual({ fault });
  });

  it('tells an account that is used up from a rate', () => {
    expect(isOutOfQuota('{"error": {"code": "insufficient_quota"}}')).toBe(true);
    expect(isOutOfQuota('{"error": {"code": "rate_limit_exceeded", "type": "requests"}}')).toBe(false);
    expect(isOutOfQuota('busy')).toBe(false);
  });
});

describe('an answer in what a chat model writes', () => {
  const body = '    a = 3\n    result = a + 4\n    return result';
  it.each([
    ['alone', `def solution():\n${body}`],
    ['fenced, with words around it', `Sure!\n\`\`\`python\ndef solution():\n${body}\n\`\`\`\nIt gives 7.`],
    ['with its docstring', `def solution():\n    """How much is 3 plus 4?"""\n${body}`],
    ['the last of two', `\`\`\`\nx = 1\n\`\`\`\nbetter:\n\`\`\`py\ndef solution():\n${body}\n\`\`\``],
    ['after thinking aloud', `<think>def solution(): pass</think>\ndef solution():\n${body}`],
    ['with a call and lines of Windows', `def solution():\n${body}\n\nprint(solution())`.replaceAll('\n', '\r\n')],
  ])('is the program, %s', (_, text) => {
    expect(readAnswer(text, 'program')).toBe(body);
  });

  it.each(['No idea.', '', '<think>def solution():', '```python\nprint(7)\n```'])('is none in %j', (text) => {
    expect(readAnswer(text, 'program')).toBeNull();
  });

  it.each([
    ['We add.\nTherefore, the answer is: 7', 'We add.', '7'],
    ['We add.\n\nSo the answer is **7**.', 'We add.', '7'],
    ['3 + 4 = 7. The final answer is: $7.50.', '3 + 4 = 7.', '7.50'],
    ['We add.\nTherefore, the answer is <203>.', 'We add.', '203'],
    ['We choose.\nThe answer is (b)', 'We choose.', '(b)'],
  ])('is the chain with its value: %j', (text, chain, value) => {
    expect(readAnswer(text, 'natural')).toBe(chain + answerMarker + value);
  });

  it('is left as it is where it states none in that way', () => {
    expect(readAnswer('3 + 4 = \\boxed{7}', 'natural')).toBe('3 + 4 = \\boxed{7}');
  });
});

describe('few-shot prompts', () => {
  it.each(['gsm8k', 'svamp', 'mathqa', 'mathqa-numeric'] as const)('of %s are answers in both forms', (examples) => {
    for (const format of ['program', 'natural'] as const) {
      const messages = promptBefore({ examples }, format);
      expect(messages.map(({ role }) => role)).toEqual(['system', ...Array(4).fill(['user', 'assistant']).flat()]);
      for (const { role, content } of messages)
        if (role === 'assistant') expect(readAnswer(content, format), content).not.toBeNull();
    }
  });

  it('can be the user’s own', () => {
    const own = { instruction: 'Add.', examples: [{ question: 'q', answer: 'a' }] };
    expect(promptBefore(own, 'natural').map(({ content }) => content)).toEqual(['Add.', 'q', 'a']);
    expect(promptBefore({ examples: 'none' }, 'natural')).toHaveLength(1);
  });
});

const judged = (sample: number, text: string, correct = true, truncated = false): Judged => {
  return { sample, text, correct, truncated };
};
const keep = { rule: 'first', most: 2, unique: 'text' } as const;

describe('what is kept', () => {
  const answers = [
    judged(3, 'in a long way'),
    judged(0, 'wrong', false),
    judged(1, 'a way'),
    judged(2, 'a way '),
    judged(4, 'cut', true, true),
  ];
  const texts = (rule: 'first' | 'all' | 'shortest', most = 2) =>
    keepAnswers(answers, { ...keep, rule, most }, 'natural').kept.map(({ text }) => text);

  it('follows the rule, in the order in which answers were drawn', () => {
    expect(texts('first')).toEqual(['a way']);
    expect(texts('all')).toEqual(['a way', 'in a long way']);
    expect(texts('all', 1)).toEqual(['a way']);
    expect(keepAnswers([...answers, judged(5, 'so')], { ...keep, rule: 'shortest' }, 'natural').kept).toEqual([
      judged(5, 'so'),
    ]);
    expect(keepAnswers(answers, keep, 'natural').duplicates).toBe(1);
  });

  it('says which questions are asked again', () => {
    const wants = (rule: 'first' | 'all' | 'shortest', isRetry: boolean, had = answers) =>
      wantsMore(had, { ...keep, rule }, 'natural', isRetry);
    expect([wants('first', false), wants('all', false), wants('shortest', false)]).toEqual([false, false, true]);
    expect([wants('all', false, [judged(0, 'a way')]), wants('all', true, [judged(0, 'a way')])]).toEqual([
      true,
      false,
    ]);
    expect(wants('first', true, [judged(0, 'x', false)])).toBe(true);
  });
});

describe('equations', () => {
  const same = (a: string, b: string, format: 'program' | 'natural') =>
    equationsOf(a, format) === equationsOf(b, format);

  it('are the same for programs with other names, comments and blanks', () => {
    const a = '    apples = 3\n    pears = apples * 2\n    return apples + pears';
    expect(same(a, '    x = 3  # apples\n\n    y = x*2\n    return x + y', 'program')).toBe(true);
    expect(same(a, '    x = 3\n    y = 2 * x\n    return x + y', 'program')).toBe(false);
    expect(same(a, '    x = 3\n    y = x * 2\n    return y + x', 'program')).toBe(false);
    expect(same('    x = 3\n    x = x + 1\n    return x', '    y = 3\n    y = y + 1\n    return y', 'program')).toBe(
      true,
    );
  });

  it('are those that a chain states', () => {
    expect(
      same('First $1,200 / 4 = $300. Then 300 × 2 = 600.', 'We have 1200/4=300, so 300 * 2 = 600', 'natural'),
    ).toBe(true);
    expect(same('3 + 4 = 7', '4 + 3 = 7', 'natural')).toBe(false);
    expect(same('So it is.', 'It is so.', 'natural')).toBe(false);
  });

  it('tell answers apart where that is asked', () => {
    const answers = [judged(0, '3 + 4 = 7 apples'), judged(1, 'We get 3 + 4 = 7'), judged(2, '4 + 3 = 7')];
    const { kept, duplicates } = keepAnswers(answers, { rule: 'all', most: 5, unique: 'equations' }, 'natural');
    expect(kept.map(({ sample }) => sample)).toEqual([0, 2]);
    expect(duplicates).toBe(1);
    expect(at(kept, 0).text).toBe('3 + 4 = 7 apples');
  });
});
