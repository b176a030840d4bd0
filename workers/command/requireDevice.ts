/** The device that REFT_DEVICE names, looked for before a command starts anything. */

import { requireChosenDevice } from '../../activities/engine/ort/findDevices.js';
import { UnavailableDevice } from '../../activities/errors.js';
import { useObtainedCuda } from './obtainedCuda.js';
import { UsageError } from './usageError.js';

/** @throws UsageError when there is no such device, or this machine has none that works */
export async function requireDevice(): Promise<void> {
  await useObtainedCuda();
  try {
    await requireChosenDevice();
  } catch (error) {
    throw error instanceof UnavailableDevice ? new UsageError(error.message) : error;
  }
}
