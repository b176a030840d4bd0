/**
 * What is spoiled between the workers and S3: single answers and uploads, by a front of the real server. A spoil waits for the next
 * request that it suits.
 */
import { type Asked, type Front, type Rule, startFront } from '../activities/store/pickyFront.js';

const isOfObject = ({ url }: Asked): boolean => /^\/[^/?]+\/(?:[^?]*\/)?objects\/[0-9a-f]{64}(?:\?|$)/.test(url);
const isRead = (asked: Asked): boolean => asked.method === 'GET' && isOfObject(asked);
/** Its body is the object's own bytes, neither in parts nor in signed pieces. */
const isPlainUpload = (asked: Asked): boolean =>
  asked.method === 'PUT' &&
  isOfObject(asked) &&
  Number(asked.headers['content-length']) > 0 &&
  !asked.headers['content-encoding'];

interface Spoil {
  suits(asked: Asked): boolean;
  /** Answered in place of the server. */
  readonly refusal?: ReturnType<Rule>;
}

const spoils = {
  /** A bit of the object changes on its way to the worker. */
  flip: { suits: isRead },
  /** The answer ends in the middle. */
  cut: { suits: isRead },
  /** A bit of the object changes on its way to the server. */
  flipSent: { suits: isPlainUpload },
  missing: { suits: isRead, refusal: [404, 'NoSuchKey'] },
  slowDown: { suits: () => true, refusal: [503, 'SlowDown'] },
  internalError: { suits: () => true, refusal: [500, 'InternalError'] },
} as const satisfies Readonly<Record<string, Spoil>>;

export type SpoilName = keyof typeof spoils;

export interface Spoiler {
  readonly front: Front;
  /** Spoils the next `count` requests that it suits, unless they take longer to come than that. @returns how many it spoiled */
  spoil(name: SpoilName, count: number, milliseconds: number): Promise<number>;
}

interface Waiting {
  readonly name: SpoilName;
  left: number;
  done(): void;
}

/** @param endpoint of the real server */
export async function startSpoiler(endpoint: string): Promise<Spoiler> {
  const queue: Waiting[] = [];
  const fates = new WeakMap<Asked, SpoilName>();
  const strike: Rule = (asked) => {
    const next = queue.find(({ name }) => spoils[name].suits(asked));
    if (next === undefined) return undefined;
    fates.set(asked, next.name);
    next.left -= 1;
    if (next.left === 0) {
      queue.splice(queue.indexOf(next), 1);
      next.done();
    }
    const spoil: Spoil = spoils[next.name];
    return spoil.refusal;
  };
  const isStruckBy = (name: SpoilName) => (asked: Asked) => fates.get(asked) === name;
  const front = await startFront(endpoint, {
    rules: [strike],
    flips: isStruckBy('flip'),
    cuts: isStruckBy('cut'),
    flipsSent: isStruckBy('flipSent'),
    forgets: true,
  });

  return {
    front,
    spoil(name, count, milliseconds) {
      return new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          if (queue.includes(waiting)) queue.splice(queue.indexOf(waiting), 1);
          resolve(count - waiting.left);
        };
        const waiting: Waiting = { name, left: count, done };
        const timer = setTimeout(done, milliseconds);
        queue.push(waiting);
      });
    },
  };
}
