/**
 * The engine process: runs one task at a time, as the client (`engineClient.ts`) sends them.
 *
 * onnxruntime blocks its thread while it computes, and may run out of memory. In this process neither stops the worker.
 */
import { tasks } from '../tasks/index.js';
import { createTaskRunner } from '../threads/taskRunner.js';
import { trimSessions } from '../training/sessions.js';

process.on(
  'message',
  createTaskRunner(tasks, (message) => process.send?.(message), trimSessions),
);

// The worker is gone, and nobody else waits for the result.
process.on('disconnect', () => process.exit());

// Ctrl+C reaches every process of the terminal, but the worker decides what happens to a running task.
process.on('SIGINT', () => {});
