/** Every method's training, by the method's name. */
import type { MethodName } from '../spec/methods.js';
import type { TrainMethod } from './method.js';
import { trainPpo } from './ppo.js';
import { trainSft } from './sft.js';

export const trainMethods: Readonly<Record<MethodName, TrainMethod>> = {
  reft: trainPpo,
  sft: trainSft,
};
