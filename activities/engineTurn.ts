/**
 * An activity's turn at the engine: it ends when the engine has done its part, though files are still on their way to S3. A worker
 * begins the next activity then (`workers/engineSlots.ts`), so that the engine computes meanwhile. The activity itself ends when all is
 * stored, as ever: a worker that is killed before has lost no more than this step.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

const turns = new AsyncLocalStorage<() => void>();

/** Does the work of an activity. @param onEnd called once when it says that its turn has ended; never, where it does not say so */
export function inTurn<T>(onEnd: () => void, work: () => Promise<T>): Promise<T> {
  let ended = false;
  const end = (): void => {
    if (ended) return;
    ended = true;
    onEnd();
  };
  return turns.run(end, work);
}

/** Says that the activity under way asks nothing more of the engine. Outside an activity (in a benchmark or a test) nobody listens. */
export function endTurn(): void {
  turns.getStore()?.();
}
