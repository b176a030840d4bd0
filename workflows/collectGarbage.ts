/** Collects garbage, by hand or on a schedule (`reft gc --schedule`): what it does is one activity. */
import type { CollectGarbageInput, CollectGarbageResult } from '../activities/collectGarbage.js';
import { general } from './steps/activities.js';

export function collectGarbage(input: CollectGarbageInput = {}): Promise<CollectGarbageResult> {
  return general.collectGarbage.executeWithOptions({ summary: 'remove what no run needs' }, [input]);
}
