/** A worker thread: a thread of the engine process that runs one task at a time, as `workerThreads.ts` sends them. */
import { parentPort } from 'node:worker_threads';
import { type GenerateTask, generate } from '../sampling/generate.js';
import { movedWith } from '../threads/messages.js';
import type { RunContext } from '../threads/task.js';
import { createTaskRunner } from '../threads/taskRunner.js';
import { sumGradientsInThread } from '../training/gradientThreads.js';
import { trimSessions } from '../training/sessions.js';

const tasks = {
  generate: async (input: GenerateTask['input'], context: RunContext) => {
    await trimSessions();
    return generate(input, context);
  },
  // A part of a task, whose other steps use the same sessions: they are not trimmed.
  sumGradients: sumGradientsInThread,
};

parentPort?.on(
  'message',
  createTaskRunner(tasks, (message) =>
    parentPort?.postMessage(message, message.kind === 'finished' ? movedWith(message.output) : []),
  ),
);
