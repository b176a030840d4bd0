/**
 * Several engines as one, each a process of its own, for models too small to keep every core busy.
 *
 * Each has its share of the cores (`enginesHere`). Which engine runs a task changes no result: all compute the same numbers.
 */
import type { Log } from '../../log.js';
import { createEngine, type Engine, type EngineClient } from './engineClient.js';

interface Member {
  readonly engine: EngineClient;
  /** Tasks handed to it that have not ended. */
  tasks: number;
}

/**
 * An engine that does up to `size` tasks at a time. Without `warmUp` a process is started when the others are busy.
 * @param log told of each process's start, and of its death during a task
 */
export function createEnginePool(size: number, log?: Log, environment: NodeJS.ProcessEnv = process.env): Engine {
  const members = Array.from({ length: size }, (): Member => ({ engine: createEngine(environment, log), tasks: 0 }));
  return {
    async run(task, input, context) {
      const member = members.reduce((least, one) => (one.tasks < least.tasks ? one : least));
      member.tasks += 1;
      try {
        return await member.engine.run(task, input, context);
      } finally {
        member.tasks -= 1;
      }
    },

    warmUp() {
      for (const { engine } of members) engine.warmUp();
    },

    async close() {
      await Promise.all(members.map(({ engine }) => engine.close()));
    },
  };
}
