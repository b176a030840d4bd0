/**
 * The task queues: `reft` serves the workflows and the activities that need no engine, `reft-engine` the activities that do,
 * one at a time a worker.
 */
export const generalQueue = 'reft';
export const engineQueue = 'reft-engine';
