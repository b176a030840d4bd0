/** The device script's rows, small, with the CPU's kernels on tensors that stay where a GPU's would: so that the script cannot rot. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stackEnvironment } from '../../infra/environment.js';
import { startTestStack, type TestStack } from '../support/stack.js';

const script = fileURLToPath(new URL('run.sh', import.meta.url));
const minutes = 60_000;

describe.skipIf(process.platform === 'win32')('run.sh --cpu', () => {
  let folder: string;
  let output: string;
  let stack: TestStack;
  const run = async (...rows: string[]): Promise<string> => {
    const env = {
      ...process.env,
      ...stackEnvironment(stack),
      OUT: folder,
      SECONDS_AT_MOST: '900',
      ROW_SECONDS: '300',
      REFT_STATE_DIR: folder,
    };
    return (await promisify(execFile)('bash', [script, '--cpu', ...rows], { env })).stdout;
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'reft-rows-'));
    stack = await startTestStack();
    output = await run();
  }, 15 * minutes);
  afterAll(async () => {
    await stack?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const rowsIn = (text: string) =>
    new Map(
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
        .map((row) => [row.row, row]),
    );

  it('prints a line of JSON a row, and keeps it', async () => {
    const rows = rowsIn(output);
    expect([...rows.keys()]).toEqual([
      ...['device', 'gradients', 'train-smollm2', 'rollouts-64', 'rollouts-256', 'rounds'],
      ...['train-qwen', 'train-qwen-lora', 'long-bfloat16', 'long-float32', 'long-float16', 'demo'],
    ]);
    expect(rowsIn(await readFile(join(folder, 'rows.jsonl'), 'utf8'))).toEqual(rows);
    expect(rows.get('device').mode).toBe('resident');
  });

  it('measures what a row is for', () => {
    const rows = rowsIn(output);
    expect(rows.get('gradients').tensors).toBe(20);
    expect(rows.get('gradients').gradientError).toBeLessThan(1e-6);
    expect(rows.get('gradients').worst[1]).toBeLessThan(2e-6);
    // Two runs, for gradients and update, with one copy each way.
    for (const name of ['train-smollm2', 'train-qwen', 'train-qwen-lora'])
      expect(rows.get(name)).toMatchObject({ transfers: 4, microBatches: 1 });
    expect(rows.get('rollouts-64').tokens).toBeGreaterThan(20);
    expect(rows.get('demo')).toMatchObject({ device: 'cuda-resident', preset: 'smoke' });
    expect(Object.keys(rows.get('demo').results)).toContain('upper bound@2');
    expect(rows.get('rounds').samplerMismatch).toBeLessThan(0.05);
    for (const precision of ['bfloat16', 'float32', 'float16']) {
      const { first, last100 } = rows.get(`long-${precision}`);
      expect(last100).toBeLessThan(first);
      expect(Math.abs(last100 / rows.get('long-float32').last100 - 1)).toBeLessThan(0.01);
    }
  });

  it('goes on where an earlier call stopped', async () => {
    expect(await run('device', 'rounds')).toBe('');
    await expect(run('none')).rejects.toThrow();
  });
});
