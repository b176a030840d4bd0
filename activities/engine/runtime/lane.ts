/** A lane: a thread of the engine process that runs one task at a time, as `lanes.ts` sends them. */
import { parentPort } from 'node:worker_threads';
import { generate } from '../tasks/generate.js';
import { createTaskRunner } from './taskRunner.js';

parentPort?.on(
  'message',
  createTaskRunner({ generate }, (message) => parentPort?.postMessage(message)),
);
