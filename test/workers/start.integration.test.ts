/** Servers that are out of reach or refuse: who needs them says so at once, in a line, and ends. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stackEnvironment } from '../../infra/environment.js';
import { reftWith } from '../support/reftCommand.js';
import { startTestStack, type TestStack } from '../support/stack.js';
import { startWorkerProcess } from '../support/workerProcess.js';

let stack: TestStack;
beforeAll(async () => {
  stack = await startTestStack();
});
afterAll(() => stack.stop());

it('ends when S3 is out of reach, though Temporal is there', async () => {
  const nobody = { S3_ENDPOINT: 'http://127.0.0.1:9' };
  await expect(startWorkerProcess(stack, undefined, nobody)).rejects.toThrow('the worker exited with 1');
});

it.each([
  [
    { S3_ENDPOINT: 'http://127.0.0.1:9' },
    /^reft: Bucket reft at http:\/\/127\.0\.0\.1:9 cannot be used: .*ECONNREFUSED/,
  ],
  [{ AWS_SECRET_ACCESS_KEY: 'another' }, /^reft: Bucket reft at .* cannot be used: .*the AWS_\* credentials/],
  [{ AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' }, /^reft: Bucket reft at .* cannot be used: .*redentials/],
])('reft run ends before it has started anything: %j', async (variables, message) => {
  const environment = { AWS_EC2_METADATA_DISABLED: 'true', ...stackEnvironment(stack), ...variables };
  const { out, error, code } = await reftWith(environment, 'run', 'smoke', '--id', 'never');
  expect({ out, code }).toEqual({ out: '', code: 1 });
  expect(error).toMatch(message);
  expect(
    error
      .trimEnd()
      .split('\n')
      .filter((line) => line.startsWith('    at ')),
  ).toEqual([]);
});

it.each([['list'], ['worker'], ['run', 'smoke']])('reft %s tells of a Temporal that is not there', async (...args) => {
  const environment = { ...stackEnvironment(stack), TEMPORAL_ADDRESS: '127.0.0.1:9' };
  const { out, error, code } = await reftWith(environment, ...args);
  expect({ out, code }).toEqual({ out: '', code: 1 });
  expect(error).toMatch(
    /^reft: No Temporal with a namespace default answers at TEMPORAL_ADDRESS=127\.0\.0\.1:9 \(.*\)\. Check .*\n$/,
  );
});
