/** Bounds how many children of a comparison are under way, and lets those go first that bring whole results sooner. */

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
  const fill = (): void => {
    while (!held && used < count && waiting.length > 0) {
      const next = waiting.reduce((best, one) => (one.place < best.place ? one : best));
      waiting = waiting.filter((one) => one !== next);
      used += 1;
      next.begin();
    }
  };
  return {
    async use(place, work) {
      if (closed) throw new NoMoreWork();
      await new Promise<void>((begin, giveUp) => {
        waiting.push({ place, begin, giveUp });
        fill();
      });
      try {
        return await work();
      } finally {
        used -= 1;
        fill();
      }
    },
    used: () => used,
    hold(isHeld) {
      held = isHeld;
      fill();
    },
    close() {
      closed = true;
      for (const { giveUp } of waiting) giveUp(new NoMoreWork());
      waiting = [];
    },
  };
}
