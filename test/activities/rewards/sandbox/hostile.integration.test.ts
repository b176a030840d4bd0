/** Programs that try to get out, to stay, or to take the pool down, run by the real Pyodide between two honest ones. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProgramFailure } from '../../../../activities/rewards/sandbox/outcome.js';
import { createSandboxPool, type SandboxPool } from '../../../../activities/rewards/sandbox/pool.js';
import { solution } from './solution.js';

let pool: SandboxPool;
beforeAll(async () => {
  pool = createSandboxPool({ processes: 1, secondsPerProgram: 0.5, megabytes: 128 });
  await pool.warmUp();
});
afterAll(() => pool.close());

/** Reaches the interpreter's modules past the import guard, as any class's ancestry allows. */
const modules = `warn = [c for c in ().__class__.__base__.__subclasses__() if c.__name__ == 'catch_warnings'][0]
modules = warn.__init__.__globals__['sys'].modules
real_import = modules['builtins'].__import__
for name in ('js', 'pyodide', 'pyodide_js', '_pyodide', '_pyodide_core', 'ctypes', '_ctypes'): modules.pop(name, None)
os = modules['os']
`;

/** The outcome, having checked that the neighbours' are what they are without it. */
async function failureOf(program: string): Promise<ProgramFailure | null> {
  const outcomes = await pool.run([solution('return 1'), program, solution('return 2')]);
  const [before, outcome, after] = outcomes;
  expect(before).toEqual({ ok: true, text: '1', number: '1.0' });
  expect(after).toEqual({ ok: true, text: '2', number: '2.0' });
  return outcome === undefined || outcome.ok ? null : outcome.failure;
}

describe('programs without end', () => {
  it.each<[what: string, program: string, ...failures: ProgramFailure[]]>([
    ['a loop', solution('while True: pass'), 'timeout'],
    [
      'a loop that swallows its interruption',
      solution('while True:\n    try:\n        while True: pass\n    except BaseException: pass'),
      'timeout',
    ],
    ['one operation in C', solution('return sum(range(10**13))'), 'timeout'],
    ['small pieces of memory', solution('x = []\nwhile True: x.append([0] * 1000)'), 'memory'],
    ['one huge string', solution("return 'x' * 10**9"), 'memory'],
    ['recursion', solution('return solution()'), 'exception'],
    ['deep nesting', `x = ${'('.repeat(100_000)}`, 'syntax'],
    ['deep repr', solution('a = []\nfor i in range(10**5): a = [a]\nreturn str(a)'), 'exception', 'timeout'],
  ])('%s', async (_what, program, ...failures) => {
    expect(['crash', ...failures]).toContain(await failureOf(program));
  });
});

describe('programs that exit', () => {
  it.each<[program: string]>([
    ['exit()'],
    ['raise SystemExit(0)'],
    [solution('raise SystemExit')],
    [solution('quit()')],
    [solution(`${modules}os._exit(0)`)],
    [solution(`${modules}os.abort()`)],
  ])('%j', async (program) => expect(await failureOf(program)).toBe('exit'));
});

describe('imports and files that are shut', () => {
  it.each(
    [
      'import js\njs.process.exit()',
      'from js import fetch',
      'import pyodide_js',
      'import pyodide.code\nreturn pyodide.code.run_js("1")',
      'from pyodide.http import pyfetch',
      'from _pyodide_core import to_js',
      'import os\nreturn os.environ',
      'import sys',
      'import builtins',
      'import importlib',
      'import subprocess',
      'import socket',
      'import ctypes',
      'import gc',
      'return __import__("os").getcwd()',
      "return open('/etc/passwd').read()",
      "return open('/tmp/x', 'w').write('x')",
      'return input()',
    ].map((body) => [body]),
  )('%j', async (body) => expect(await failureOf(solution(body))).toBe('exception'));
});

describe('past the import guard, the wall', () => {
  it.each<[body: string, failures: readonly (ProgramFailure | null)[]]>([
    ["import_ = real_import('js')\nreturn str(import_.process.exit())", ['forbidden', 'exception']],
    ["return str(real_import('_pyodide_core').to_js([1]))", ['forbidden', 'exception']],
    ["return str(real_import('_ctypes'))", ['forbidden', 'exception']],
    ["return os.system('id')", ['forbidden', 'exception']],
    ["return os.listdir('/')", ['exception']],
    ["return os.open('/etc/passwd', 0)", ['exception']],
    ["return modules['io'].open('/tmp/x', 'w').write('x')", ['exception']],
    ["return modules['posix'].fork()", ['forbidden', 'exception']],
    ["return str(real_import('socket').create_connection(('127.0.0.1', 80)))", ['forbidden', 'exception']],
    ["real_import('time').sleep(60)\nreturn 1", ['forbidden', 'exception']],
    ['return os.kill(os.getppid(), 9)', ['forbidden', 'exception']],
  ])('%j', async (body, failures) => expect(failures).toContain(await failureOf(solution(modules + body))));

  it('finds no JavaScript object in the interpreter', async () => {
    const proxies =
      "[o for o in modules['gc'].get_objects() if 'JsProxy' in type(o).__name__ and not isinstance(o, type)]";
    const [outcome] = await pool.run([solution(`${modules}return len(${proxies})`)]);
    expect(outcome).toMatchObject({ ok: true, text: '0' });
  });

  it('knows no variable of this environment', async () => {
    process.env.REFT_SECRET_OF_THIS_TEST = 'secret';
    const [outcome] = await pool.run([solution(`${modules}return str(dict(os.environ))`)]);
    expect(outcome).toMatchObject({ ok: true, text: expect.not.stringContaining('REFT_SECRET_OF_THIS_TEST') });
  });
});
