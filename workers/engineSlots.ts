/**
 * Which of the engine's activities a worker takes, and when: one for each engine that has nothing to do. A task that an engine has not
 * begun is better left to another machine's, but one whose engine has done its part holds up nobody (`activities/engineTurn.ts`).
 */
import type {
  ActivityInboundCallsInterceptor,
  ActivitySlotInfo,
  CustomSlotSupplier,
  SlotPermit,
} from '@temporalio/worker';
import { inTurn } from '../activities/engineTurn.js';

export interface EngineSlots {
  readonly supplier: CustomSlotSupplier<ActivitySlotInfo>;
  /** Of every activity: frees its engine for the next one when its turn has ended. */
  readonly interceptor: ActivityInboundCallsInterceptor;
}

interface Waiting {
  readonly grant: () => void;
}

/** @param engines tasks that a worker trains or generates on at a time */
export function createEngineSlots(engines: number): EngineSlots {
  /** Slots given out: to activities, and to polls that wait for one. */
  let given = 0;
  /** Activities whose turn has ended. */
  let storing = 0;
  const waiting: Waiting[] = [];

  const take = (): SlotPermit | null => {
    if (given - storing >= engines) return null;
    given += 1;
    return {};
  };
  const serve = (): void => {
    while (given - storing < engines) {
      const next = waiting.shift();
      if (next === undefined) return;
      next.grant();
    }
  };

  return {
    supplier: {
      type: 'custom',
      reserveSlot: (_, signal) =>
        new Promise((resolve, reject) => {
          const permit = take();
          if (permit) return resolve(permit);
          const place: Waiting = {
            grant: () => {
              signal.removeEventListener('abort', giveUp);
              given += 1;
              resolve({});
            },
          };
          const giveUp = (): void => {
            const index = waiting.indexOf(place);
            if (index >= 0) waiting.splice(index, 1);
            reject(signal.reason);
          };
          signal.addEventListener('abort', giveUp, { once: true });
          waiting.push(place);
        }),
      tryReserveSlot: take,
      markSlotUsed: () => undefined,
      releaseSlot: () => {
        given -= 1;
        serve();
      },
    },
    interceptor: {
      async execute(input, next) {
        let isStoring = false;
        try {
          return await inTurn(
            () => {
              isStoring = true;
              storing += 1;
              serve();
            },
            () => next(input),
          );
        } finally {
          // Its slot is released a moment later.
          if (isStoring) storing -= 1;
        }
      },
    },
  };
}
