/** Every method's training, by the method's name. */
import { isPolicyMethod, type MethodName } from '../config/methods.js';
import type { TrainMethod } from './method.js';
import { trainOfflineSelfTraining } from './offlineSelfTraining.js';
import { trainExpertIteration, trainOnlineSelfTraining } from './onSamples.js';
import { trainPolicy } from './policy.js';
import { trainSft } from './sft.js';

export function trainMethod(method: MethodName): TrainMethod {
  if (isPolicyMethod(method)) return trainPolicy(method);
  switch (method) {
    case 'sft':
      return trainSft;
    case 'offline-self-training':
      return trainOfflineSelfTraining;
    case 'online-self-training':
      return trainOnlineSelfTraining;
    case 'expert-iteration':
      return trainExpertIteration;
  }
}
