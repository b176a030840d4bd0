/** Bounds how many children of a comparison are under way, and lets those go first that bring whole results sooner. */
import { CancellationScope, condition } from '@temporalio/workflow';

/** Thrown to whoever still waits when no more work is to begin. */
export class NoMoreWork extends Error {
  override readonly name = 'NoMoreWork';
}

export interface Slots {
  /** Waits for a slot, the smallest `place` first, and does the work in it. Throws `NoMoreWork` once closed. */
  use<T>(place: number, work: () => Promise<T>): Promise<T>;
  /** How many are in use. */
  used(): number;
  /** Nothing begins while held. */
  hold(isHeld: boolean): void;
  /** Nothing begins any more. */
  close(): void;
}

interface Waiting {
  readonly place: number;
  readonly begin: () => void;
  readonly giveUp: (reason: NoMoreWork) => void;
}

export function createSlots(count: number): Slots {
  let used = 0;
  let held = false;
  let closed = false;
  let waiting: Waiting[] = [];
  const mayBegin = (): boolean => !held && used < count && waiting.length > 0;
  // A condition is looked at once nothing else can go on: what follows from a piece of work is in line before its slot is given
  // away.
  const giveAway = async (): Promise<void> => {
    for (;;) {
      await condition(mayBegin);
      // It may have been held or closed in the same turn.
      if (!mayBegin()) continue;
      const next = waiting.reduce((best, one) => (one.place < best.place ? one : best));
      waiting = waiting.filter((one) => one !== next);
      used += 1;
      next.begin();
    }
  };
  void CancellationScope.nonCancellable(giveAway);
  return {
    async use(place, work) {
      if (closed) throw new NoMoreWork();
      await new Promise<void>((begin, giveUp) => {
        waiting.push({ place, begin, giveUp });
      });
      try {
        return await work();
      } finally {
        used -= 1;
      }
    },
    used: () => used,
    hold(isHeld) {
      held = isHeld;
    },
    close() {
      closed = true;
      for (const { giveUp } of waiting) giveUp(new NoMoreWork());
      waiting = [];
    },
  };
}
