/** What the specification of a branch must have in common with that of the run it leaves. */
import { differences } from './differences.js';
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
  return differences(common(spec), common(from)).map(
    ({ path, own, other }) => `${path}: got ${show(own)}, allowed: ${show(other)}, as in run ${run} (startFrom)`,
  );
}
