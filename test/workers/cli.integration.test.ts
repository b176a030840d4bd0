/** The `reft` command called wrongly: a line on stderr, exit code 2, and no server started for it. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const command = fileURLToPath(new URL('../../workers/bin/reft.js', import.meta.url));

const reft = (...args: string[]) => reftWith({}, ...args);

async function reftWith(variables: Readonly<Record<string, string>>, ...args: string[]) {
  const env = { ...process.env, ...variables };
  const child = spawn(process.execPath, [command, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [out, error, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { out, error, code };
}

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
    [{ S3_PREFIX: '../theirs' }, 'S3_PREFIX is "../theirs/": allowed are names of letters, digits'],
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
});
