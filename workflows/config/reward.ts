/** What an answer is worth: the registry of rewards, `activities/rewards`, says which there are and what each can be told. */
import { rewardSchema as anyReward } from '../../activities/rewards/index.js';

export const rewardSchema = anyReward.prefault({ name: 'answer' });
