/** Bodies of annotated programs: those in the published form as they stand, others brought into it with the same value in a real Python. */
import { describe, expect, it } from 'vitest';
import { programBody } from '../../../activities/data/programBody.js';
import { programFrom } from '../../../activities/rewards/answerFormat.js';
import { hasPython, runPrograms } from './python.js';

describe('program bodies', () => {
  const body = '    x = 1\n    result = x\n    return result';

  it('are what follows the docstring, however it quotes the question', () => {
    expect(programBody(`def solution():\n    """How many ?"""\n${body}\n`)).toBe(body);
    expect(programBody(`def solution():\n    """Over\n    two lines"""\n${body}`)).toBe(body);
    expect(programBody(`def solution():\n${body}`)).toBe(body);
  });

  it('may return in several places, and come with line ends of Windows', () => {
    const branches = "    if 1 > 2:\n        return 'a'\n\n    return 'b'";
    expect(programBody(`def solution():\n${branches}`)).toBe(branches);
    expect(programBody(`def solution():\r\n${branches.replaceAll('\n', '\r\n')}`)).toBe(branches);
  });

  it('keep later strings', () => {
    const quoting = `    x = """a"""\n${body}`;
    expect(programBody(`def solution():\n    """How many?"""\n${quoting}`)).toBe(quoting);
  });

  it.each([
    'print(1)',
    'def solution():\n    """Open',
    'def solution():\n    x = 1',
    'def solution() -> int:\n    x = 1',
    'def solution(n=3):\n    return n',
    'def first():\n    return 1\ndef second():\n    return 2',
    'def f():\n    return f',
    'from math import *\ndef solution():\n    return sqrt(9)',
    'class A:\n    x = 1\ndef solution():\n    return A.x',
    'total = 0\ndef solution():\n    global total\n    total = 3\n    return total',
    'for x in range(3):\n    y = x\ndef solution():\n    return y',
    '  def solution():\n    return 1',
    'x = 1\ndef helper():\n    return x\ndef solution():\n    x = 2\n    return helper()',
    'x = 1\ndef solution():\n    x += 1\n    return x',
    'def solution() -> int:\n\tif True:\n\t\tx = 1\n    return x',
  ])('are null for %j', (program) => {
    expect(programBody(program)).toBeNull();
  });

  it('make the program again', () => {
    expect(programFrom(body)).toBe(`def solution():\n${body}`);
  });
});

describe('programs of another form', () => {
  /** What is written, the body, and the function's name where it is not `solution`. */
  const rows: readonly (readonly [what: string, program: string, body: string, name?: string])[] = [
    [
      'program-annotated: annotations, tabs and an import',
      'from fractions import Fraction\ndef solution() -> int:\n\tx: int = 3\n\treturn x * 4',
      '    from fractions import Fraction\n    x: int = 3\n    return x * 4',
    ],
    [
      'program-annotated: another result, docstrings before and after, comments',
      '"""A\n module."""\nimport math\n\n# Here\ndef solution() -> "float":  # it is\n    \'\'\'Says\n  "how".\'\'\'\n    # root\n    return math.sqrt(16)\n\n# Done.',
      '    import math\n    # root\n    return math.sqrt(16)',
    ],
    [
      'program-annotated: another name, and where it is called',
      'def solve() -> dict[str, int]:\n  x = 3\n  if x > 2:\n      x += 1\n\n  return x\n\nresult = solve()\nassert result == 4',
      '    x = 3\n    if x > 2:\n        x += 1\n\n    return x',
      'solve',
    ],
    [
      'program-annotated: constants and helpers',
      "from decimal import Decimal as D\nRATE: float = 0.5\ndef half(x: float) -> float:\n\t'Half.'\n\treturn x * RATE\n\ndef solution() -> float:\n\treturn half(8)\n\nif __name__ == '__main__':\n\tprint(solution())",
      "    from decimal import Decimal as D\n    RATE: float = 0.5\n    def half(x: float) -> float:\n        'Half.'\n        return x * RATE\n    return half(8)",
    ],
    [
      'program-annotated: tabs in texts stay, those in brackets and after a backslash do not matter',
      'def solution() -> int:\r\n\tt = """a\r\n\tb"""\r\n\tn = [1,\r\n\t2]\r\n\ts = 1 + \\\r\n\t\t2\r\n\treturn len(t) + sum(n) + s',
      '    t = """a\n\tb"""\n    n = [1,\n    2]\n    s = 1 + \\\n\t\t2\n    return len(t) + sum(n) + s',
    ],
    ['program-annotated: on one line', 'def solution() -> int: x = 3; return x', '    x = 3; return x'],
    [
      'program-annotated: annotations from the future',
      'from __future__ import annotations\ndef solution() -> Unknown:\n    return 12',
      '    return 12',
    ],
  ];

  it.each(rows.map(([what, program, body]) => [what, program, body] as const))('%s', (_, program, body) => {
    expect(programBody(program)).toBe(body);
    expect(programBody(programFrom(body))).toBe(body);
  });

  it.skipIf(!hasPython)('have the value that they had', () => {
    const before = rows.map(([, program, , name = 'solution']) => `${program}\nsolution = ${name}`);
    const values = runPrograms(before);
    expect(values).toHaveLength(rows.length);
    expect(runPrograms(rows.map(([, , body]) => programFrom(body)))).toEqual(values);
  });
});
