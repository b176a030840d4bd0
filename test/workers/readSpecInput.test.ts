/** What `reft run` makes of its arguments. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { compareKind, runKind } from '../../workers/command/kinds.js';
import { readSpecInput } from '../../workers/command/readSpecInput.js';
import { UsageError } from '../../workers/command/usageError.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reft-spec-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function messageOf(reading: Promise<unknown>): Promise<string> {
  const error = await reading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UsageError);
  return (error as UsageError).message;
}

describe('readSpecInput', () => {
  it('takes a preset', async () => {
    expect(await readSpecInput('demo', [], runKind)).toEqual({
      args: ['demo'],
      name: 'demo',
      input: { preset: 'demo' },
      title: 'ReFT demo: generated word problems',
      details: expect.stringContaining('- **Seed**: 0'),
    });
  });

  it('takes a file, named after it', async () => {
    const path = join(directory, 'mine.json');
    await writeFile(path, '{"preset": "smoke", "seed": 4}');
    expect(await readSpecInput(path, [], runKind)).toMatchObject({ name: 'mine', input: { preset: 'smoke', seed: 4 } });
  });

  it.each([
    ['commented.json', '{\n  // mine\n  "$schema": "reft.json", "preset": "smoke", /* two */ "seed": 4\n}'],
    ['mine.yaml', '$schema: reft.json\npreset: smoke # mine\nseed: 4\n'],
    ['mine.yml', '{"preset": "smoke", "seed": 4}'],
  ])('takes comments, an editor’s $schema, and YAML: %s', async (name, text) => {
    const path = join(directory, name);
    await writeFile(path, text);
    const { input } = await readSpecInput(path, [], runKind);
    expect(input).toEqual({ preset: 'smoke', seed: 4 });
  });

  it('reads numbers of YAML as those of JSON', async () => {
    const path = join(directory, 'numbers.yaml');
    await writeFile(path, 'preset: smoke\nsft:\nppo:\n  optimiser:\n    learningRate: 1e-4\n');
    const { input } = await readSpecInput(path, [], runKind);
    expect(input).toEqual({ preset: 'smoke', sft: null, ppo: { optimiser: { learningRate: 1e-4 } } });
  });

  it.each([
    ['preset: demo\nseed: [1', /is no YAML: Flow sequence .* at line 2, column \d+$/],
    ['preset: demo\n  seed: 1\n', /is no YAML: Nested mappings .* at line 1, column 9$/],
    ['preset: smoke\npreset: demo\n', /is no YAML: Map keys must be unique at line 2/],
    [
      'a: &a [x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b]\nd: [*c, *c, *c]',
      /no YAML: Excessive/,
    ],
    ['['.repeat(20_000), /is no YAML: it is nested too deep/],
    ['- preset: demo', /must hold an object/],
  ])('says where YAML is wrong: %.40j', async (text, message) => {
    const path = join(directory, 'bad.yaml');
    await writeFile(path, text);
    expect(await messageOf(readSpecInput(path, [], runKind))).toMatch(message);
  });

  it('refuses what is too deep, too large or a secret, wherever it stands', async () => {
    const path = join(directory, 'deep.json');
    const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`;
    await writeFile(path, deep);
    expect(await messageOf(readSpecInput(path, [], runKind))).toMatch(/nested 33 deep/);
    await writeFile(path, deep.slice(0, -1));
    expect(await messageOf(readSpecInput(path, [], runKind))).toMatch(/is no JSON: it is nested too deep/);
    expect(await messageOf(readSpecInput('demo', [`data=${deep}`], runKind))).toMatch(/nested 33 deep/);
    expect(await messageOf(readSpecInput('demo', [`${'a.'.repeat(9_000)}a=1`], runKind))).toMatch(/must be key=value/);
    await writeFile(path, ' '.repeat(2_000_001));
    expect(await messageOf(readSpecInput(path, [], runKind))).toMatch(/2000001 bytes, allowed: at most 2000000/);
    const message = await messageOf(readSpecInput('demo', ['model.from=https://me:hidden@host/x'], runKind));
    expect(message).toMatch(/model\.from: holds an address with a user name or password/);
    expect(message).not.toMatch(/hidden/);
  });

  describe('a relative path', () => {
    const specs = (): string => join(directory, 'specs');
    const rows = (name: string): string => join(specs(), name);
    const source = { train: './my.jsonl', test: 'held/out.jsonl', fields: { question: 'q', value: 'v' } };
    const write = (spec: object) => writeFile(rows('my.json'), JSON.stringify(spec));
    beforeAll(async () => {
      await mkdir(join(specs(), 'held'), { recursive: true });
      for (const name of ['my.jsonl', 'held/out.jsonl']) await writeFile(rows(name), '');
      await writeFile(rows('mine.py'), 'def reward(example, response):\n    return 1\n');
      await writeFile(join(directory, 'elsewhere.jsonl'), '');
    });
    afterEach(() => vi.restoreAllMocks());

    it('in a file starts at that file’s folder, wherever the command runs', async () => {
      vi.spyOn(process, 'cwd').mockReturnValue(directory);
      await write({ preset: 'svamp', data: { source }, reward: { name: 'python', file: 'mine.py' } });
      const { input } = await readSpecInput(rows('my.json'), [], runKind);
      expect(input).toMatchObject({
        data: { source: { train: rows('my.jsonl'), test: rows('held/out.jsonl') } },
        reward: { source: expect.stringContaining('def reward') },
      });
    });

    it('of --set starts where the command runs', async () => {
      vi.spyOn(process, 'cwd').mockReturnValue(directory);
      await write({ preset: 'svamp', data: { source } });
      const { input } = await readSpecInput(rows('my.json'), ['data.source.train=./elsewhere.jsonl'], runKind);
      expect(input).toMatchObject({
        data: { source: { train: join(directory, 'elsewhere.jsonl'), test: rows('held/out.jsonl') } },
      });
      const wrong = readSpecInput(rows('my.json'), ['data.source.train=./my.jsonl'], runKind);
      expect(await messageOf(wrong)).toBe(
        `data.source.train: got "./my.jsonl", but there is nothing at ${join(directory, 'my.jsonl')} (paths of --set start where the command runs), allowed: a path from there, an absolute one of the workers’ machines, s3://bucket/key, or without ./ one below the REFT_DATA_DIR of the workers`,
      );
    });

    it('of data that are not there is the workers’, unless it says where it starts', async () => {
      vi.spyOn(process, 'cwd').mockReturnValue(directory);
      await write({ preset: 'svamp', data: { source: { ...source, train: 'elsewhere.jsonl' } } });
      const { input } = await readSpecInput(rows('my.json'), [], runKind);
      expect(input).toMatchObject({ data: { source: { train: 'elsewhere.jsonl' } } });
      await write({ preset: 'svamp', data: { source: { ...source, train: './elsewhere.jsonl' } } });
      expect(await messageOf(readSpecInput(rows('my.json'), [], runKind))).toContain(
        `there is nothing at ${rows('elsewhere.jsonl')} (paths in ${rows('my.json')} start at its folder)`,
      );
    });
  });

  describe('a verifier in a file', () => {
    const source = 'def reward(example, response):\n    return 1\n';
    const reward = { name: 'python', source };
    const inFile = { name: 'python', file: '' };
    beforeAll(async () => {
      inFile.file = join(directory, 'verifier.py');
      await writeFile(inFile.file, source);
    });

    it('becomes text', async () => {
      const path = join(directory, 'own.json');
      await writeFile(path, JSON.stringify({ preset: 'smoke', reward: inFile }));
      expect((await readSpecInput(path, [], runKind)).input).toEqual({ preset: 'smoke', reward });
      await writeFile(path, JSON.stringify({ preset: 'paper-small', run: { reward: inFile } }));
      expect((await readSpecInput(path, [], compareKind)).input).toMatchObject({ run: { reward } });
      const sumOf = (term: object) => ({ name: 'sum', terms: [{ part: 'rule', reward: term }] });
      await writeFile(path, JSON.stringify({ preset: 'smoke', reward: sumOf(inFile) }));
      expect((await readSpecInput(path, [], runKind)).input).toEqual({ preset: 'smoke', reward: sumOf(reward) });
    });

    it('may be set, and takes the place of the one of a preset', async () => {
      const setting = `reward.file=${relative(process.cwd(), inFile.file)}`;
      expect((await readSpecInput('countdown', [setting], runKind)).input).toEqual({
        preset: 'countdown',
        reward: { source },
      });
    });

    it('that is not there is told of', async () => {
      const failing = readSpecInput('countdown', ['reward.file=/no/verifier.py'], runKind);
      expect(await messageOf(failing)).toMatch(/^reward\.file: "\/no\/verifier\.py" cannot be read: ENOENT/);
    });
  });

  it('sets fields, as JSON where it is, at any depth', async () => {
    const settings = [
      'seed=3',
      'title=a=b',
      'ppo.optimiser.learningRate=1e-4',
      'ppo.ppoEpochs=1',
      'sft=null',
      'data={"train":9}',
    ];
    expect((await readSpecInput('demo', settings, runKind)).input).toEqual({
      preset: 'demo',
      seed: 3,
      title: 'a=b',
      ppo: { optimiser: { learningRate: 1e-4 }, ppoEpochs: 1 },
      sft: null,
      data: { train: 9 },
    });
  });

  it('takes a comparison', async () => {
    expect(await readSpecInput('paper-small', ['seeds=[7]'], compareKind)).toMatchObject({
      input: { preset: 'paper-small', seeds: [7] },
      details: expect.stringContaining('- **Seeds**: 7'),
    });
    expect(await messageOf(readSpecInput('demo', [], compareKind))).toContain('known presets are paper-small');
  });

  it.each([
    ['demon', [], ['"demon" is neither a preset nor a file (did you mean "demo"?)', 'known presets are demo, svamp']],
    ['demo', ['seed'], ['--set seed: must be key=value']],
    ['demo', ['ppo..epochs=1'], ['--set ppo..epochs=1: must be key=value']],
    ['demo', ['=1'], ['--set =1: must be key=value']],
    ['demo', ['seed=one'], ['seed: got "one"', 'a whole number']],
    ['demo', ['ppo.__proto__.x=1'], ['ppo.__proto__: unknown field']],
  ])('refuses %s %j in words', async (source, settings, parts) => {
    const message = await messageOf(readSpecInput(source, settings, runKind));
    for (const part of parts) expect(message).toContain(part);
    expect(message).not.toContain('\n');
  });

  it.each([
    ['{"preset": "demo",\n "seed": x}', 'is no JSON: InvalidSymbol at line 2, column 10'],
    ['{"preset": "demo"', 'is no JSON: CloseBraceExpected at line 1, column 18'],
    ['', 'is no JSON'],
    ['[1]', 'must hold an object'],
  ])('says where a file is wrong: %j', async (text, part) => {
    const path = join(directory, 'bad.json');
    await writeFile(path, text);
    expect(await messageOf(readSpecInput(path, [], runKind))).toContain(part);
  });

  it('says when a file cannot be read', async () => {
    expect(await messageOf(readSpecInput(directory, [], runKind))).toContain('cannot be read');
  });
});
