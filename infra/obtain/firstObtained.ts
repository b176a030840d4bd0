/** Tries the ways to have a server, in order, and remembers why each one failed. */
import { messageOf } from '../../activities/errors.js';
import { MissingSoftware } from '../errors.js';

export interface Way<Result> {
  readonly name: string;
  /** Rejects with the reason when this way is not open here. */
  obtain(): Promise<Result>;
}

/**
 * The first way that works.
 * @param advice what to install or set, said when none does
 * @throws MissingSoftware with the advice and each way's reason
 */
export async function firstObtained<Result>(ways: readonly Way<Result>[], advice: string): Promise<Result> {
  const reasons: string[] = [];
  for (const way of ways) {
    try {
      return await way.obtain();
    } catch (error) {
      reasons.push(`  ${way.name}: ${messageOf(error)}`);
    }
  }
  throw new MissingSoftware(`${advice}\nTried:\n${reasons.join('\n')}`);
}
