/**
 * The activity `checkReward`: whether a reward can do its work at all, as far as that can be told before there is any. A run whose
 * verifier is no Python fails here and not after its warm-up.
 */
import { heartbeatWhile } from './heartbeatWhile.js';
import { type RewardSpec, rewardNamed } from './rewards/index.js';
import type { SandboxPool } from './rewards/sandbox/pool.js';

export interface CheckRewardInput {
  readonly reward: RewardSpec;
}

/** @throws InvalidSpec naming the field at fault */
export function createCheckReward({ sandbox }: { readonly sandbox: SandboxPool }) {
  return ({ reward }: CheckRewardInput): Promise<void> =>
    heartbeatWhile('rewards', async (_report, signal) => {
      await rewardNamed(reward.name).check?.(reward, { sandbox, signal });
    });
}
