/**
 * Runs programs of any kind between honest ones, the canaries, whose outcomes tell whether a program changed anything for those after it.
 *
 * Two canaries are plain (they share memory with others), two are not. Behind a program stand both of the former and one of the latter, in
 * either order, so that each kind is the first to run after some.
 */
import { at } from '../../activities/invariant.js';
import type { ProgramOutcome } from '../../activities/rewards/sandbox/outcome.js';
import type { SandboxPool } from '../../activities/rewards/sandbox/pool.js';

/** Uses what plain programs use most. */
const arithmetic = `def half(x):
    return x / 2

def solution():
    values = [abs(-3), round(2.4), len('four'), int('7'), max(1, 5), min(8, 2), sum([1, 2, 3]), pow(2, 3), divmod(17, 5)[1]]
    values.append(math.ceil(0.5) + math.floor(2.5) + math.sqrt(16) + math.gcd(12, 18) + math.factorial(4))
    for index in range(3):
        values[index] += index
    return half(sum(sorted(values)))
`;

const words = `def solution():
    counts = {'a': 1, 'b': 2.5, 'c': [True, None]}
    counts['d'] = str(10 ** 20) + f"{2 / 3:.3f}" + 'x,y'.split(',')[1].upper()
    try:
        counts['e'] = 1 / 0
    except ZeroDivisionError as error:
        counts['e'] = str(error)
    text = ''
    for name, value in counts.items():
        text += name + repr(value)
    return text.replace(' ', '')
`;

/** Uses what of the modules is easily changed. */
const modules = `import bisect, calendar, collections, copy, datetime, decimal, enum, fractions, functools, heapq, itertools, math
import numbers, operator, random, re, statistics, string, typing

class Colour(enum.Enum):
    RED = 1

def solution():
    seen = [
        bisect.bisect([1, 3], 2), calendar.monthrange(2024, 2), calendar.firstweekday(), collections.Counter('aab').most_common(),
        copy.deepcopy([1, [2]]), datetime.date(2024, 1, 31).isoformat(), datetime.datetime.now().year,
        datetime.datetime.strptime('3 May 2021', '%d %B %Y').strftime('%A %j'), decimal.Decimal(1) / 3, Colour.RED.value,
        float(fractions.Fraction(1, 3)), functools.reduce(operator.add, [1, 2]), heapq.nsmallest(2, [3, 1, 2]),
        list(itertools.permutations('ab')), math.isclose(0.1 + 0.2, 0.3), isinstance(3, numbers.Number), random.random(),
        random.sample(range(9), 3), re.sub('(a+)', 'b', 'aac', flags=re.I), statistics.mean([1, 2]), string.ascii_lowercase[:3],
        typing.get_type_hints(lambda x: x), sorted({'d', 'e'}), list({'x', 'y', 'z'}), hash('w'), divmod(10 ** 5000, 10 ** 4990 + 7)[0],
    ]
    return hash(repr(seen))
`;

/** Reaches into the interpreter, and gives what lies where. */
const interpreter = `def solution():
    try:
        1 / 0
    except ZeroDivisionError as error:
        frame = error.__traceback__.tb_frame
    while frame.f_back: frame = frame.f_back
    below, sys = frame.f_globals, frame.f_globals['sys']
    gc = below['gc']
    names = sorted(name + type(value).__name__ + str(id(value)) for name, value in below.items())
    built = sorted(name + str(id(value)) for name, value in below['PROGRAM_BUILTINS'].items())
    seen = [
        names, built, sorted(sys.modules), sys.path, len(sys.meta_path), sys.getrecursionlimit(), sys.gettrace(), sys.getprofile(),
        sys.excepthook is sys.__excepthook__, type(sys.stdout).__name__, gc.isenabled(), gc.get_threshold(), len(gc.callbacks),
        len(gc.get_objects()), sorted(sys.modules['os'].environ.items()), len(sys.modules['warnings'].filters),
        sys.get_int_max_str_digits(), id([]), hash(object()), [step() for step in {lambda: 1, lambda: 2, lambda: 3, lambda: 4}],
        repr(lambda: 1), object.__subclasses__(), math.__dict__, str.__dict__, below['json'].dumps([1.5, 'a']),
    ]
    return hash(repr(seen))
`;

const canaries = [arithmetic, words, modules, interpreter];
const orders = [
  [0, 1, 2],
  [3, 0, 1],
  [2, 0, 1],
  [0, 1, 3],
];

export interface Trial {
  readonly outcome: ProgramOutcome;
  /** Processor time of the program; null where its process fell. */
  readonly seconds: number | null;
  /** Whether each canary after the program, and so before the next one, gave what it gives by itself. */
  readonly canaryRight: boolean;
}

/**
 * Runs each program, in order, between canaries.
 * @param pool of one process, which has run nothing yet
 * @param freshPool runs nothing but the canaries, each once
 */
export async function* runBetweenCanaries(
  programs: readonly string[],
  pool: SandboxPool,
  freshPool: SandboxPool,
): AsyncGenerator<Trial> {
  const right: string[] = [];
  for (const canary of canaries) right.push(JSON.stringify(await freshPool.run([canary])));
  const failed = right.find((outcome) => !outcome.startsWith('[{"ok":true'));
  if (failed !== undefined) throw new Error(`a canary fails by itself: ${failed}`);
  for (const [index, program] of programs.entries()) {
    const order = at(orders, index % orders.length);
    let seconds: number | null = null;
    const onTime = (job: number, taken: number | null): void => {
      if (job === 0) seconds = taken;
    };
    const [outcome, ...after] = await pool.run([program, ...order.map((canary) => at(canaries, canary))], { onTime });
    if (outcome === undefined) throw new Error('a program has no outcome');
    const canaryRight = order.every((canary, place) => JSON.stringify([at(after, place)]) === at(right, canary));
    yield { outcome, seconds, canaryRight };
  }
}
