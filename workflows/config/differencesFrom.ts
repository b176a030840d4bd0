/** What the specification of a branch must have in common with that of the run it leaves. */
import { type Difference, differences } from './differences.js';
import { show } from './explain.js';
import { comparisonOf } from './reward.js';
import type { Spec } from './spec.js';
import type { StartFrom } from './startFrom.js';

/**
 * Why a run of this specification cannot go on from a run of that one, a line a field: questions and model are those of the earlier
 * run, whose method has to be the same unless the branch leaves from the warm-up.
 */
export function differencesFrom(spec: Spec, from: Spec, { run, round }: StartFrom): readonly string[] {
  const common = ({ data, model, lora, compute, method, difficulty, reward }: Spec) => ({
    data,
    model,
    lora,
    compute,
    ...(round > 0 ? { method, difficulty } : {}),
    reward: comparisonOf(reward),
  });
  // What its files' answers are is known of the earlier run's questions, whether or not that run's specification said it.
  const isLeftOpen = ({ path, own }: Difference): boolean => path === 'data.source.answers' && own === undefined;
  const found = differences(common(spec), common(from)).filter((one) => !isLeftOpen(one));
  return found.map(
    ({ path, own, other }) => `${path}: got ${show(own)}, allowed: ${show(other)}, as in run ${run} (startFrom)`,
  );
}
