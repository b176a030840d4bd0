/**
 * The activity `selectGroups`: which of a batch's questions a round of dynamic sampling trains on (`engine/rl/dynamicSampling.ts`). It
 * stores their answers apart from those of the questions that are dropped.
 */
import { type DynamicSampling, judgeGroup } from './engine/rl/dynamicSampling.js';
import { membersOf } from './engine/rl/groupAdvantages.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import { allAt } from './invariant.js';
import type { ObjectRef, Store } from './store/types.js';
import { readScored } from './trainingSteps.js';

export interface SelectGroupsInput {
  /** Scored objects of a batch, every answer to its questions among them. */
  readonly scored: readonly ObjectRef[];
  readonly signal: DynamicSampling['signal'];
}

export interface SelectGroupsResult {
  /** The answers to the questions kept, in their order; no object where none is. */
  readonly scored: readonly ObjectRef[];
  /** Questions. */
  readonly kept: number;
  /** Questions dropped: those with right answers alone, and all others. */
  readonly right: number;
  readonly wrong: number;
}

export function createSelectGroups({ store }: { readonly store: Store }) {
  return (input: SelectGroupsInput): Promise<SelectGroupsResult> =>
    heartbeatWhile('questions', async (report) => {
      const all = await readScored(store, input.scored);
      const judged = membersOf(all.map(({ example }) => example)).map((members) => {
        const answers = allAt(all, members);
        return { answers, verdict: judgeGroup(answers, input.signal) };
      });
      const count = (wanted: string): number => judged.filter(({ verdict }) => verdict === wanted).length;
      const kept = judged.flatMap(({ answers, verdict }) => (verdict === 'kept' ? answers : []));
      report(judged.length, judged.length);
      return {
        scored: kept.length > 0 ? [await store.putLines(kept)] : [],
        kept: count('kept'),
        right: count('right'),
        wrong: count('wrong'),
      };
    });
}
