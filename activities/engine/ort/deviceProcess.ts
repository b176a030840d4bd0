/** Tries the device that REFT_DEVICE names, in a process of its own (`findDevices.ts`), because a faulty driver may end the process. */
import { UnavailableDevice } from '../../errors.js';
import type { RunMode } from './devices.js';
import { selfTest } from './runInPlace.js';

/** The message that the process sends before it ends. */
export type DeviceTrial =
  | { readonly works: true; readonly mode: RunMode; readonly milliseconds: number }
  | { readonly works: false; readonly reason: string };

const trial: DeviceTrial = await selfTest().then(
  ({ mode, milliseconds }) => ({ works: true, mode, milliseconds }),
  (error) => ({ works: false, reason: error instanceof UnavailableDevice ? error.reason : String(error) }),
);
process.send?.(trial, () => process.exit());
