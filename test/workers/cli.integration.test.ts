/** The `reft` command called wrongly: a line on stderr, exit code 2, and no server started for it. */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { reftWith } from '../support/reftCommand.js';

const command = fileURLToPath(new URL('../../workers/bin/reft.js', import.meta.url));

const reft = (...args: string[]) => reftWith({}, ...args);

describe('reft', () => {
  it.each([
    [['run', 'demon'], 'reft: "demon" is neither a preset nor a file'],
    [
      ['run', 'demo', '--set', 'seed=-1'],
      'reft: Invalid run specification: seed: got -1, allowed: a whole number from 0',
    ],
    [['run', 'demo', '--set', 'seed'], 'reft: --set seed: must be key=value'],
    [['run'], "missing required argument 'spec'"],
    [['compare', 'paper-small', '--set', 'seeds=[]'], 'seeds: got [], allowed: a list of at least 1'],
    [['compare', 'demo'], 'known presets are paper-small'],
    [['frobnicate'], "unknown command 'frobnicate'"],
    [['worker', '--queue', 'gpu'], 'Allowed choices are general, engine'],
    [['worker', '--build-id', 'a b'], 'reft: --build-id is "a b": allowed are up to 128 letters'],
    [['reset', 'x', '--round', 'two'], 'reft: --round is "two": allowed is a whole number'],
    [['reset', 'x'], "required option '--round <n>' not specified"],
    [['run', 'demo', '--set', 'version=2'], 'the specification of a run of version 2; this ReFT knows version 1 alone'],
    [['export', 'x', 'folder', '--format', 'gguf'], 'Allowed choices are transformers, onnx, adapter'],
  ])('%j', async (args, message) => {
    const { out, error, code } = await reft(...args);
    expect({ out, code }).toEqual({ out: '', code: 2 });
    expect(error).toContain(message);
  });

  it.each([['compare', 'paper-small'], ['run', 'demo'], ['worker'], ['up']])(
    'reads the settings before anything is started (%s)',
    async (...args) => {
      const { out, error, code } = await reftWith({ REFT_METRICS_ADDRESS: '9464' }, ...args);
      expect({ out, code }).toEqual({ out: '', code: 2 });
      expect(error).toMatch(/^reft: REFT_METRICS_ADDRESS is "9464": .*\n$/);
      const ofEngines = await reftWith({ REFT_ENGINES: '0' }, ...args);
      expect({ out: ofEngines.out, code: ofEngines.code }).toEqual({ out: '', code: 2 });
      expect(ofEngines.error).toMatch(/^reft: REFT_ENGINES is "0": .*\n$/);
    },
  );

  it.each([['run', 'demo'], ['worker'], ['up']])('refuses a device that is none (%s)', async (...args) => {
    const { out, error, code } = await reftWith({ REFT_DEVICE: 'gpu' }, ...args);
    expect({ out, code }).toEqual({ out: '', code: 2 });
    expect(error).toBe('reft: REFT_DEVICE is "gpu": there is no such device; allowed are cpu, cuda, webgpu\n');
  });

  it.each([
    [
      { S3_ENDPOINT: 'http://127.0.0.1:1', S3_ADDRESSING: 'host' },
      'S3_ADDRESSING is "host": allowed is "path" or "virtual"',
    ],
    [{ S3_PREFIX: '../theirs' }, 'S3_PREFIX is "../theirs/": allowed are names with slashes'],
    [{ S3_ENDPOINT: 's3.example' }, 'endpoint must start with http:// or https://, got "s3.example" (S3_ENDPOINT)'],
  ])('reads where S3 is before anything is started: %j', async (variables, message) => {
    const { out, error, code } = await reftWith(variables, 'up');
    expect({ out, code }).toEqual({ out: '', code: 2 });
    expect(error).toContain(`reft: ${message}`);
  });

  it('tells in reft doctor what the machine is and that no S3 server is there to be asked', async () => {
    const variables = { S3_ENDPOINT: 'http://127.0.0.1:1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
    const { out } = await reftWith(variables, 'doctor');
    expect(out).toMatch(/^machine +found +\d+ cores and [\d.]+ GiB of memory/m);
    expect(out).toMatch(/^s3 probe +missing +S3 at http:\/\/127\.0\.0\.1:1 cannot be reached \(ECONNREFUSED\)/m);
  });

  it('tells in reft doctor which devices work, and fails for the one asked for', async () => {
    const { out, code } = await reftWith({ REFT_DEVICE: 'gpu' }, 'doctor');
    expect(code).toBe(1);
    expect(out).toMatch(/^device cpu +found +updates in place, without copies \(self-test \d+ ms\)$/m);
    expect(out).toMatch(/^device cuda +(found|absent) /m);
    expect(out).toMatch(/^device webgpu +(found|absent) /m);
    expect(out).toMatch(/^REFT_DEVICE +missing +REFT_DEVICE is "gpu"/m);
  });

  it('plans the run of its help’s example, and says what would be refused, with nothing started', async () => {
    const state = await mkdtemp(join(tmpdir(), 'reft-cli-'));
    const planned = (...args: string[]) => reftWith({ REFT_STATE_DIR: state }, 'plan', ...args);
    const [help, found, refused] = await Promise.all([
      reft('plan', '--help'),
      planned('smoke', '--set', 'data.train=64'),
      planned('smoke', '--set', 'model.maxPositions=26', '--json'),
    ]);
    expect(help.out).toContain('$ npx reft plan smoke --set data.train=64\n');
    expect({ code: found.code, error: found.error }).toEqual({ code: 0, error: '' });
    expect(found.out).toMatch(/^Data: 64 training, 8 validation, 16 test questions\n/);
    expect(found.out).toMatch(/^Model: 1\d,\d{3} parameters$/m);
    expect(found.out).toMatch(/^Memory: A training step takes at most [\d.]+ GiB \(warm-up\)/m);
    expect(found.out).toMatch(/^Time: cannot be told: no finished run/m);
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.out)).toMatchObject({
      spec: { model: { maxPositions: 26 }, ppo: { gamma: expect.any(Number) } },
      refusals: [expect.stringContaining('model.maxPositions is 26, but the longest prompt and answer')],
      data: { train: 32 },
      estimate: null,
    });
    expect(await readdir(state)).toEqual([]);
  });

  it('says in reft gpu --dry-run what a GPU needs, and fetches nothing', async () => {
    const state = await mkdtemp(join(tmpdir(), 'reft-cli-'));
    const { out } = await reftWith({ REFT_STATE_DIR: state, LD_LIBRARY_PATH: '' }, 'gpu', '--dry-run');
    expect(out).toMatch(/^gpu( \d+)? +(found|missing) /m);
    expect(out).toMatch(/^onnxruntime-gpu +absent +onnxruntime’s CUDA provider: [\d.]+ is fetched, \d+ MiB$/m);
    expect(out).toMatch(new RegExp(`^To fetch: \\d+ MiB, into ${state}/gpu$`, 'm'));
    expect(await readdir(state)).toEqual([]);
  });

  it.each([
    [[], 'anyOf.1.properties.ppo'],
    [['run'], 'anyOf.0.properties.preset'],
    [['compare'], 'anyOf.1.properties.seeds'],
    [['evaluation'], 'properties.samples'],
  ])('prints the schema as JSON: %j', async (kind, property) => {
    const { out, code } = await reft('schema', ...kind);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toHaveProperty(property);
  });

  it('tells its version, and the presets with what each is for', async () => {
    expect((await reft('--version')).out).toMatch(/^\d+\.\d+\.\d+\n$/);
    const { out, code } = await reft('presets', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toContainEqual(
      expect.objectContaining({
        name: 'demo',
        command: 'run',
        purpose: expect.stringContaining('npm start'),
        gpuGiB: null,
      }),
    );
    expect((await reft('presets')).out).toMatch(/^npx reft compare paper-small\n {4}\S/m);
  });

  it('ends without a word when nobody reads its output any more', async () => {
    const child = spawn(process.execPath, [command, 'schema'], { stdio: ['ignore', 'pipe', 'pipe'] });
    // Before it has written a word, as `head -0` would.
    child.stdout.destroy();
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const [error, code] = await Promise.all([text(child.stderr), ended]);
    expect({ error, code }).toEqual({ error: '', code: 141 });
  });
});
