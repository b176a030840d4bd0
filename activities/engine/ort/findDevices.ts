/**
 * Which devices this machine has, found by computing on each. Nothing less proves it: a library may be installed without its
 * driver, and a driver without a card.
 */
import { once } from 'node:events';
import { moduleAt } from '../../compiled.js';
import { UnavailableDevice } from '../../errors.js';
import { missingForCuda } from './capi/cudaLibraries.js';
import type { DeviceTrial } from './deviceProcess.js';
import { chosenDevice, type DeviceName, deviceNames } from './devices.js';
import { forkModule } from './forkModule.js';

export interface FoundDevice {
  readonly name: DeviceName;
  readonly trial: DeviceTrial;
}

/** The first use of a GPU may wait for its driver to compile. After this time the driver is taken to hang. */
const trialMilliseconds = 60_000;

export function findDevices(environment: NodeJS.ProcessEnv = process.env): Promise<FoundDevice[]> {
  return Promise.all(deviceNames.map(async (name) => ({ name, trial: await tryDevice(name, environment) })));
}

/**
 * Tries the device that REFT_DEVICE names, before any work starts. The CPU needs no trial.
 * @throws UnavailableDevice with the reason, and the devices that this machine has.
 */
export async function requireChosenDevice(environment: NodeJS.ProcessEnv = process.env): Promise<void> {
  const { name, provider } = chosenDevice(environment);
  if (provider === 'cpu') return;
  const trial = await tryDevice(provider, environment, environment.REFT_DEVICE);
  if (trial.works) return;
  const found = (await findDevices(environment)).flatMap((device) => (device.trial.works ? [device.name] : []));
  throw new UnavailableDevice(name, `it does not work here: ${trial.reason}. Devices found: ${found.join(', ')}`);
}

/** @param device as REFT_DEVICE names it, where it is not the first of its kind. */
async function tryDevice(
  name: DeviceName,
  environment: NodeJS.ProcessEnv,
  device: string = name,
): Promise<DeviceTrial> {
  const missing = name === 'cuda' ? missingForCuda(environment) : null;
  if (missing !== null) return { works: false, reason: missing };
  const child = forkModule(moduleAt('./deviceProcess', import.meta.url), { ...environment, REFT_DEVICE: device });
  const answers: DeviceTrial[] = [];
  let stderr = '';
  child.on('message', (answer: DeviceTrial) => answers.push(answer));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), trialMilliseconds);
  const [code, signal] = await once(child, 'close');
  clearTimeout(timer);
  const [answer] = answers;
  if (answer === undefined)
    return {
      works: false,
      reason: `trying it ended the process with ${signal ?? `exit code ${code}`}${causeIn(stderr)}`,
    };
  return answer.works ? answer : { works: false, reason: `${answer.reason}${causeIn(stderr)}` };
}

/** The first line of a process's standard error in which the loader or the driver names a cause, in brackets; else nothing. */
function causeIn(stderr: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: onnxruntime colours its log.
  const lines = stderr.replace(/\x1b\[[0-9;]*m/g, '').split('\n');
  const [cause] = lines.filter((line) => /cannot open|couldn't load|no drivers|error/i.test(line));
  return cause === undefined ? '' : ` (${cause.trim()})`;
}
