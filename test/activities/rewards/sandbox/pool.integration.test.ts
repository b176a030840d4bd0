/** What programs give, and that it depends on nothing but themselves. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadQuestions } from '../../../../activities/data/sets/index.js';
import { required } from '../../../../activities/invariant.js';
import type { Log } from '../../../../activities/log.js';
import { programFrom } from '../../../../activities/rewards/answerFormat.js';
import { sameAnswer } from '../../../../activities/rewards/compareAnswers.js';
import { extractFromProgram } from '../../../../activities/rewards/extractAnswer.js';
import { pythonFloat } from '../../../../activities/rewards/pythonFloat.js';
import type { ProgramOutcome } from '../../../../activities/rewards/sandbox/outcome.js';
import { createSandboxPool, type SandboxPool } from '../../../../activities/rewards/sandbox/pool.js';
import { dataSchema } from '../../../../workflows/config/data.js';
import { randomNumbers } from '../../../support/randomNumbers.js';
import { dataDirectory } from '../../data/dataDirectory.js';
import { sourceAccess } from '../../data/sourceAccess.js';
import { solution } from './solution.js';

let pool: SandboxPool;
beforeAll(async () => {
  pool = createSandboxPool({ processes: 2, secondsPerProgram: 2, megabytes: 256 });
  await pool.warmUp();
});
afterAll(() => pool.close());

const value = async (program: string): Promise<ProgramOutcome | undefined> => (await pool.run([program]))[0];

describe('values', () => {
  it.each<[body: string, number: string | null, text: string]>([
    ['return 29 * 7', '203.0', '203'],
    ['return 7 / 2', '3.5', '3.5'],
    ['return True', '1.0', 'True'],
    ["return '1,234.5'", null, '1,234.5'],
    ["return ' 18 '", '18.0', ' 18 '],
    ["return '18 dollars'", null, '18 dollars'],
    ["return '1/2'", null, '1/2'],
    ["return '−3'", null, '−3'],
    ["return b'5'", '5.0', "b'5'"],
    ['return (5,)', null, '(5,)'],
    ['return [5]', null, '[5]'],
    ["return {'a': 5}", null, "{'a': 5}"],
    ['return 3 + 0j', null, '(3+0j)'],
    ["return float('nan')", 'nan', 'nan'],
    ["return float('-inf')", '-inf', '-inf'],
    ['return 10 ** 400', null, `1${'0'.repeat(199)}`],
    ['import math\nreturn math.ceil(1.2)', '2.0', '2'],
    ['return math.gcd(12, 18)', '6.0', '6'],
    ['from fractions import Fraction\nreturn Fraction(1, 4)', '0.25', '1/4'],
    ['from decimal import Decimal\nreturn Decimal("0.1")', '0.1', '0.1'],
    ['print("x" * 10**6)\nreturn 3', '3.0', '3'],
    [
      "import datetime\nday = datetime.datetime.strptime('12 March 2024', '%d %B %Y')\nreturn int(day.strftime('%j')) + 1",
      '73.0',
      '73',
    ],
    ['from datetime import date\nreturn date.today().year', '2024.0', '2024'],
    ['return divmod(7**9000, 7**8999)[0]', '7.0', '7'],
    ['größe = 4\nreturn größe * 2', '8.0', '8'],
  ])('%j', async (body, number, text) => expect(await value(solution(body))).toEqual({ ok: true, number, text }));

  it.each<[program: string, failure: string]>([
    ['def solution(:', 'syntax'],
    ['', 'exception'],
    ['x = 5', 'exception'],
    [solution('x = 5'), 'no-value'],
    [solution('return undefined_thing'), 'exception'],
    [solution('return 1 / 0'), 'exception'],
    [solution('import sympy\nreturn 1'), 'exception'],
    ['def solution(x):\n    return x', 'exception'],
    ['solution = 5', 'exception'],
  ])('%j fails by %s', async (program, failure) => expect(await value(program)).toMatchObject({ ok: false, failure }));

  it('runs a program with helpers, blank lines and any script', async () => {
    const program =
      'def double(x):\n    return 2 * x\n\ndef solution():\n    """Wie viele Äpfel? 日本"""\n\n    return double(4)';
    expect(await value(program)).toMatchObject({ ok: true, number: '8.0' });
  });

  it('drops what follows the first blank line when the whole is no Python', async () => {
    expect(await value(`${solution('return 4')}\n\nThe answer is 4.`)).toMatchObject({ ok: true, number: '4.0' });
  });

  it('reads numbers in text exactly as Python does', async () => {
    const pieces = [
      '1',
      '23',
      '.',
      '-',
      '+',
      'e',
      'E',
      '_',
      ' ',
      '\t',
      '\u00a0',
      '٣',
      '𝟗',
      'inf',
      'NaN',
      'ity',
      '½',
      '−',
      '0x',
      '\x1f',
      '\ufeff',
      '',
    ];
    const random = randomNumbers(4);
    const texts = Array.from({ length: 3_000 }, () =>
      Array.from({ length: random.integer(1, 5) }, () => pieces[random.integer(0, pieces.length - 1)]).join(''),
    );
    const outcomes = await pool.run(texts.map((text) => solution(`return ${JSON.stringify(text)}`)));
    const python = outcomes.map((outcome) =>
      outcome.ok && outcome.number !== null ? pythonFloat(outcome.number) : null,
    );
    const ours = texts.map(pythonFloat);
    expect(texts.filter((_, index) => !Object.is(python[index], ours[index]))).toEqual([]);
    expect(ours.filter((number) => number !== null).length).toBeGreaterThan(100);
  });
});

/** Programs that change something shared, each with one that would show the change, and what that one gives by itself. */
const leaks: readonly (readonly [change: string, probe: string, number: string])[] = [
  ['import math\nmath.floor = lambda x: 666\nreturn 1', 'return math.floor(2.5)', '2.0'],
  ['import builtins', 'return len([1, 2])', '2.0'],
  [
    "b = print.__self__\nb.len = lambda x: 666\nb.__dict__['sum'] = 3\nreturn 1",
    'return len([1, 2]) + sum([1])',
    '3.0',
  ],
  ["globals()['__builtins__']['abs'] = lambda x: 666\nreturn 1", 'return abs(-1)', '1.0'],
  ['global leaked\nleaked = 5\nreturn 1', "return 1 if 'leaked' in globals() else 0", '0.0'],
  [
    'import decimal\ndecimal.getcontext().prec = 2\nreturn 1',
    'from decimal import Decimal\nreturn Decimal(1) / 3',
    '0.3333333333333333',
  ],
  ['import random\nrandom.seed(7)\nreturn 1', 'import random\nreturn random.randrange(10**6)', '885440.0'],
  [
    'import fractions\nfractions.Fraction.__float__ = lambda x: 666.0\nreturn 1',
    'import fractions\nreturn fractions.Fraction(1, 2)',
    '0.5',
  ],
  [
    'import collections\ncollections.Counter.total = lambda x: 666\nreturn 1',
    'import collections\nreturn collections.Counter([1]).total()',
    '1.0',
  ],
  ["import math\nfor name in ('sqrt',): setattr(math, name, lambda x: 666)\nreturn 1", 'return math.sqrt(4)', '2.0'],
  [
    'class Late:\n    def __del__(self): math.floor = lambda x: 666\nkeep = Late()\nkeep.self = keep\nreturn 1',
    'return math.floor(2.5)',
    '2.0',
  ],
  ['g = (x for x in [1])\ng.gi_frame.f_builtins["max"] = lambda *x: 666\nreturn 1', 'return max(1, 2)', '2.0'],
  ['match math:\n    case object(__dict__=d): d["floor"] = lambda x: 666\nreturn 1', 'return math.floor(2.5)', '2.0'],
  ['x = []\nwhile True: x.append([0] * 1000)', 'return len([0] * 10**6)', '1000000.0'],
];

describe('neighbours', () => {
  it.each(leaks)('%j leaves no trace', async (change, probe, number) => {
    expect(await value(solution(probe))).toMatchObject({ ok: true, number });
    const single = createSandboxPoolOfOne();
    const outcomes = await single.run([solution(change), solution(probe), solution(change), solution(probe)]);
    expect([outcomes[1], outcomes[3]]).toMatchObject([
      { ok: true, number },
      { ok: true, number },
    ]);
  });

  it('do not change outcomes, in whatever order programs come', async () => {
    const programs = leaks.flatMap(([change, probe]) => [solution(change), solution(probe)]);
    const alone = new Map<string, ProgramOutcome | undefined>();
    for (const program of programs) alone.set(program, await value(program));
    const random = randomNumbers(5);
    for (let trial = 0; trial < 3; trial++) {
      const keyed = programs.map((program) => ({ program, key: random.uniform() }));
      const shuffled = keyed.sort((a, b) => a.key - b.key).map(({ program }) => program);
      expect(await pool.run(shuffled)).toEqual(shuffled.map((program) => alone.get(program)));
    }
  });

  it('see the same clock, random numbers and order of sets in every process', async () => {
    const program = solution(
      "import datetime, random\nreturn str(datetime.datetime.now()) + str(random.random()) + str({'a', 'b', 'c', 'd'})",
    );
    const outcomes = await pool.run(Array.from({ length: 200 }, () => program));
    expect(new Set(outcomes.map((outcome) => JSON.stringify(outcome))).size).toBe(1);
    expect(outcomes[0]?.ok).toBe(true);
  });

  const ones: SandboxPool[] = [];
  function createSandboxPoolOfOne(): SandboxPool {
    const [existing] = ones;
    if (existing) return existing;
    const created = createSandboxPool({ processes: 1, secondsPerProgram: 2, megabytes: 256 });
    ones.push(created);
    return created;
  }
  afterAll(() => Promise.all(ones.map((one) => one.close())));
});

describe('the pool', () => {
  it('hands nothing to a process that is about to end, and tells of the one that replaces it', async () => {
    const told: string[] = [];
    const log: Log = (level, message) => told.push(`${level}: ${message}`);
    const single = createSandboxPool({ processes: 1, secondsPerProgram: 0.3, megabytes: 256, log });
    try {
      // A loop inside C, for which its process is killed, as the last of a run, and a plain program at once after it.
      expect(await single.run([solution('return 4'), solution('return sum(range(10 ** 13))')])).toMatchObject([
        { ok: true },
        { ok: false, failure: 'timeout' },
      ]);
      expect(await single.run([solution('return 5')])).toMatchObject([{ ok: true, number: '5.0' }]);
      expect(told).toEqual([
        'warn: a sandbox process ended while a job ran',
        'warn: a sandbox process ended; starting another',
      ]);
    } finally {
      await single.close();
    }
  });

  it('keeps a process in which a program exits, aborts, or reaches for what is closed', async () => {
    const told: string[] = [];
    const single = createSandboxPool({
      processes: 1,
      secondsPerProgram: 2,
      megabytes: 256,
      log: (_, message) => told.push(message),
    });
    const reach = (call: string): string =>
      solution(
        "warn = [c for c in ().__class__.__base__.__subclasses__() if c.__name__ == 'catch_warnings'][0]\n" +
          `modules = warn.__init__.__globals__['sys'].modules\n${call}`,
      );
    try {
      const outcomes = await single.run([
        reach("modules['os']._exit(0)"),
        reach("modules['os'].abort()"),
        reach("modules['time'].sleep(60)"),
        solution('return 5'),
      ]);
      expect(outcomes).toMatchObject([
        { ok: false, failure: 'exit' },
        { ok: false, failure: 'exit' },
        { ok: false, failure: 'forbidden' },
        { ok: true, number: '5.0' },
      ]);
      expect(told).toEqual([]);
    } finally {
      await single.close();
    }
  });

  it('ends a run when asked to, and goes on', async () => {
    const controller = new AbortController();
    const run = pool.run(
      Array.from({ length: 500 }, () => solution('while True: pass')),
      { signal: controller.signal },
    );
    setTimeout(() => controller.abort(new Error('enough')), 300);
    await expect(run).rejects.toThrow('enough');
    expect(await value(solution('return 5'))).toMatchObject({ number: '5.0' });
  });

  it('reports progress and serves several runs at once', async () => {
    const programs = Array.from({ length: 300 }, (_, index) => solution(`return ${index}`));
    let told = 0;
    const runs = [1, 2, 3].map(() =>
      pool.run(programs, {
        onProgress: (done) => {
          told = Math.max(told, done);
        },
      }),
    );
    for (const outcomes of await Promise.all(runs))
      expect(outcomes.map((outcome) => (outcome.ok ? outcome.text : ''))).toEqual(
        programs.map((_, index) => String(index)),
      );
    expect(told).toBe(300);
    expect(await pool.run([])).toEqual([]);
  });

  it('refuses to run once closed', async () => {
    const closed = createSandboxPool({ processes: 1, secondsPerProgram: 1, megabytes: 128 });
    await closed.close();
    await expect(closed.run([solution('return 1')])).rejects.toThrow('closed');
  });
});

describe.skipIf(dataDirectory === undefined)('SVAMP', () => {
  it('gives the annotated answer for every published program', async () => {
    const data = dataSchema.parse({ source: 'svamp', validation: 1 });
    const sets = await loadQuestions({ data, seed: 0, ...sourceAccess(dataDirectory) });
    const questions = [...sets.train, ...sets.validation];
    const outcomes = await pool.run(questions.map(({ answer = '' }) => programFrom(answer)));
    const wrong = questions.flatMap(({ id, answerValue }, index) => {
      const outcome = outcomes[index];
      const value = outcome && extractFromProgram(outcome, 'number').value;
      const isRight = value != null && sameAnswer(value, required(answerValue, 'the right answer'));
      return isRight ? [] : [{ id, answerValue, outcome }];
    });
    // All but repeats of the question held out.
    expect(questions.length).toBeGreaterThan(3_040);
    expect(wrong).toEqual([]);
  });
});
