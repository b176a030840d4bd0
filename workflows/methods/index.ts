/** Every method's training, by the method's name. */
import type { MethodName } from '../config/methods.js';
import { trainGrpo, trainRloo } from './groupPolicy.js';
import type { TrainMethod } from './method.js';
import { trainOfflineSelfTraining } from './offlineSelfTraining.js';
import { trainExpertIteration, trainOnlineSelfTraining } from './onSamples.js';
import { trainPpo } from './ppo.js';
import { trainSft } from './sft.js';

export const trainMethods: Readonly<Record<MethodName, TrainMethod>> = {
  sft: trainSft,
  'offline-self-training': trainOfflineSelfTraining,
  'online-self-training': trainOnlineSelfTraining,
  'expert-iteration': trainExpertIteration,
  grpo: trainGrpo,
  rloo: trainRloo,
  reft: trainPpo,
};
