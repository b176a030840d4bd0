/** Programs without end, without measure and without bottom. */
import { solution } from '../solution.js';
import { fromBelow } from './ways.js';

const nested = (open: string, middle: string, close: string, depth: number): string =>
  `${open.repeat(depth)}${middle}${close.repeat(depth)}`;

const endless: readonly string[] = [
  'while True: pass',
  'while True:\n    try:\n        while True: pass\n    except BaseException: pass',
  'try:\n    while True: pass\nexcept BaseException: return 5',
  'try:\n    while True: pass\nfinally:\n    return 5',
  'try:\n    while True: pass\nexcept KeyboardInterrupt:\n    while True: pass',
  'def again(): return again2()\ndef again2():\n    try: return again()\n    except RecursionError: return again()\nreturn again()',
  'import itertools\nfor x in itertools.count(): pass',
  'import re\nreturn re.match("(a+)+$", "a" * 60 + "b")',
  'import re\nreturn re.match("(x?){60}x{60}", "x" * 60)',
  'return 3 ** 10 ** 8',
  'import math\nreturn math.factorial(10 ** 8)',
  'x = 3\nwhile True: x = x * x',
  'from fractions import Fraction\nx = Fraction(1, 3)\nwhile True: x = x * x + 1',
  'from decimal import Decimal, getcontext\ngetcontext().prec = 10 ** 6\nreturn Decimal(2).sqrt()',
  'class Slow:\n    def __lt__(self, other):\n        while True: pass\nreturn sorted([Slow(), Slow()])',
  'class Slow:\n    def __str__(self):\n        while True: pass\nreturn Slow()',
  'class Slow:\n    def __float__(self):\n        while True: pass\nreturn Slow()',
  'class Slow(Exception):\n    def __str__(self):\n        while True: pass\nraise Slow',
  'import random\nwhile random.random() < 2: pass',
  'x = iter(int, 1)\nfor y in x: pass',
];

/** Loops inside C. Each costs a process, which takes seconds to replace. */
const endlessInC: readonly string[] = [
  'return sum(range(10 ** 13))',
  'from collections import deque\nfrom itertools import count\ndeque(count(), 0)',
  'from itertools import repeat\nreturn max(repeat(1))',
];

const huge: readonly string[] = [
  'x = []\nwhile True: x.append([0] * 1000)',
  'x = [0]\nwhile True: x = x + x',
  "return 'x' * 10 ** 9",
  "x = 'x'\nwhile True: x += x",
  'return [0] * 10 ** 10',
  'return bytes(10 ** 9)',
  'return 1 << 10 ** 10',
  'return 1 << 3 * 10 ** 8',
  'return list(range(10 ** 8))',
  'return {n: n for n in range(10 ** 8)}',
  'return set(range(10 ** 8))',
  "return 'a'.zfill(10 ** 9)",
  "return '%999999999d' % 5",
  "return f'{5:999999999}'",
  "return 'a'.ljust(2 ** 31 - 1)",
  "return ('a,' * 10 ** 7).split(',')",
  'import itertools\nreturn list(itertools.product(range(100), repeat=5))',
  'try:\n    x = [0] * 10 ** 8\nexcept MemoryError:\n    return 5',
  'x = []\ntry:\n    while True: x.append([0] * 1000)\nexcept MemoryError:\n    return 5',
  'x = []\ntry:\n    while True: x.append(bytes(10 ** 6))\nexcept MemoryError:\n    while True: x.append(bytes(10))',
  'x = []\ntry:\n    while True: x.append(bytes(10 ** 6))\nexcept MemoryError:\n    math.ceil = None\n    return math',
  'class Big:\n    def __str__(self): return "x" * 10 ** 9\nreturn Big()',
  'def grow(x): return grow([x] * 100000)\nreturn grow(1)',
  'import copy\nx = [0] * 10 ** 7\nreturn [copy.copy(x) for n in range(100)]',
];

const deep: readonly string[] = [
  `x = ${'('.repeat(100_000)}`,
  `x = ${nested('(', '1', ')', 190)}\ndef solution(): return x`,
  `x = ${nested('[', '', ']', 90)}\ndef solution(): return x`,
  `x = ${'-'.repeat(50_000)}1\ndef solution(): return x`,
  `x = ${'not '.repeat(20_000)}1\ndef solution(): return x`,
  `x = ${Array(20_000).fill('1').join('+')}\ndef solution(): return x`,
  `x = ${'a.'.repeat(20_000)}b`,
  `x = f"${nested("{f'", '1', "'}", 90)}"`,
  `x = ${'lambda: '.repeat(5_000)}1\ndef solution(): return x`,
  Array.from({ length: 150 }, (_, depth) => `${' '.repeat(depth)}if 1:`).join('\n'),
  Array.from({ length: 60 }, (_, depth) => `${' '.repeat(depth)}def f${depth}():`).join('\n'),
  Array.from({ length: 60 }, (_, depth) => `${' '.repeat(depth)}for x in y:`).join('\n'),
  solution('return solution()'),
  solution('a = []\nfor i in range(10 ** 5): a = [a]\nreturn str(a)'),
  solution('a = {}\nfor i in range(10 ** 5): a = {1: a}\nreturn repr(a)'),
  solution('a = ()\nfor i in range(10 ** 5): a = (a,)\nreturn hash(a)'),
  solution('a = b = []\nfor i in range(10 ** 5): a, b = [a], [b]\nreturn a == b'),
  solution('a = int\nfor i in range(10 ** 5): a = (a,)\nreturn isinstance("x", a)'),
  solution('import copy\na = []\nfor i in range(10 ** 5): a = [a]\nreturn copy.deepcopy(a)'),
  solution('import itertools\na = iter([1])\nfor i in range(10 ** 5): a = itertools.chain(a)\nreturn list(a)'),
  solution('a = iter([1])\nfor i in range(10 ** 5): a = map(abs, a)\nreturn list(a)'),
  solution('import functools\na = abs\nfor i in range(10 ** 5): a = functools.partial(a)\nreturn a(1)'),
  solution(
    'import functools\na = abs\nfor i in range(10 ** 4): a = functools.partial(lambda f, x: f(x), a)\nreturn a(1)',
  ),
  solution('import re\nreturn re.compile("(" * 5000 + ")" * 5000)'),
  solution('import re\nreturn re.compile("(?:a|" * 900 + ")" * 900)'),
  solution('class A:\n    def __getattr__(self, name): return getattr(self, name + "x")\nreturn A().y'),
  solution('class A:\n    def __repr__(self): return repr(self)\nreturn A()'),
  solution('class A:\n    def __eq__(self, other): return other == self\nreturn A() == A()'),
  solution('class A:\n    def __hash__(self): return hash(self)\nreturn {A()}'),
  solution('class A:\n    def __lt__(self, other): return sorted([self, other])\nreturn A() < A()'),
  solution('class A:\n    def __iter__(self): return iter(self)\nreturn list(A())'),
  solution('class A:\n    def __call__(self): return self()\nreturn A()()'),
  solution('class A:\n    def __index__(self): return range(self)\nreturn range(A())'),
  solution('class A:\n    def __float__(self): return float(self)\nreturn A()'),
  solution('class A:\n    def __bool__(self): return not self\nreturn not A()'),
  solution('class A(list):\n    def __getitem__(self, x): return self[x]\nreturn A()[1]'),
  solution('class A:\n    def __del__(self): A()\nA()\nreturn 1'),
  solution('def g(n):\n    yield from g(n + 1)\nreturn list(g(0))'),
  solution('e = None\nfor i in range(10 ** 5):\n    n = ValueError(i)\n    n.__context__ = e\n    e = n\nraise e'),
  solution('e = ValueError(1)\nfor i in range(10 ** 4): e = ExceptionGroup("x", [e])\nraise e'),
  solution(
    'a = type\nfor i in range(500): a = type("A", (), {"__init_subclass__": classmethod(lambda c: type("B", (c,), {}))})\ntype("C", (a,), {})',
  ),
  ...[10 ** 5, 10 ** 9].flatMap((limit) =>
    [
      'def down(n): return down(n + 1)\nreturn down(0)',
      'class A:\n    def __getattr__(self, name): return getattr(self, name + "x")\nreturn A().y',
      'class A:\n    def __repr__(self): return repr(self)\nreturn repr(A())',
      'import functools\n@functools.lru_cache(None)\ndef f(n): return f(n + 1)\nreturn f(0)',
      'def down(n): return sorted([n, n], key=down)\nreturn down(0)',
      'def down(n): return max(map(down, [n]))\nreturn down(0)',
      'def down(n): return eval("down(n)", {"down": down, "n": n})\nreturn down(0)',
    ].map((body) => fromBelow(`sys.setrecursionlimit(${limit})\n${body}`)),
  ),
];

const output: readonly string[] = [
  'print("x" * 10 ** 6)\nreturn 3',
  'for n in range(2000): print("x" * 1000)\nreturn 3',
  'print(*range(10 ** 5), sep="")\nreturn 3',
  'class A:\n    def __str__(self): raise SystemExit\nprint(A())',
  'class A:\n    def __str__(self): return 5\nprint(A())',
  'print("\\ud800\\x00\\x1b[2J")\nreturn 3',
  'class Out:\n    def write(self, text): math.ceil = None\nprint("x", file=Out())\nreturn 3',
  'print(1, end=None, sep=None, flush=True)\nreturn 3',
  'print(1, end=5)\nreturn 3',
  'return input()',
  'return input("x" * 10 ** 6)',
  'import warnings',
  'print(solution)\nprint(globals())\nreturn 3',
  'help()\nreturn 1',
  'license()\nreturn 1',
  'breakpoint()\nreturn 1',
];

export const limits: Readonly<Record<string, readonly string[]>> = {
  'never ends': endless.map((body) => solution(body)),
  'never ends inside C': endlessInC.map((body) => solution(body)),
  'wants more memory': huge.map((body) => solution(body)),
  'goes too deep': deep,
  'writes without end': [
    ...output.map((body) => solution(body)),
    ...['stdout', 'stderr'].flatMap((name) => [
      fromBelow(`sys.${name}.write("x" * 10 ** 7)\nreturn 3`),
      fromBelow(`sys.__${name}__.write("x" * 10 ** 7)\nsys.__${name}__.flush()\nreturn 3`),
      fromBelow(`sys.__${name}__.buffer.write(b"x" * 10 ** 6)\nreturn 3`),
      fromBelow(`sys.__${name}__.close()\nreturn 3`),
    ]),
  ],
};
