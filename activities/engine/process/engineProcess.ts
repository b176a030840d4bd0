/**
 * The engine process: runs one task at a time, as the client (`engineClient.ts`) sends them.
 *
 * onnxruntime blocks while it computes, and may die of memory; here neither stops the worker.
 */
import { tasks } from '../tasks/index.js';
import { createTaskRunner } from '../threads/taskRunner.js';
import { trimSessions } from '../training/sessions.js';

process.on(
  'message',
  createTaskRunner(tasks, (message) => process.send?.(message), trimSessions),
);

// The worker is gone: nobody wants the result.
process.on('disconnect', () => process.exit());

// Ctrl+C reaches every process of the terminal; it is the worker's to decide what happens to a running task.
process.on('SIGINT', () => {});
