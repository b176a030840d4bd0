/** `reft doctor`: what this machine offers a run, the engine's devices among it. */

import { chosenDevice } from '../../activities/engine/ort/devices.js';
import { type FoundDevice, findDevices } from '../../activities/engine/ort/findDevices.js';
import { messageOf } from '../../activities/errors.js';
import { doctor, type Finding } from '../../infra/doctor.js';
import { dataDirectory } from '../settings.js';

/** @returns the process's exit code: 1 when something is missing that a run would need */
export async function printFindings(): Promise<number> {
  const findings = [...(await doctor(dataDirectory)), ...(await deviceFindings())];
  const width = Math.max(...findings.map(({ name }) => name.length));
  for (const { name, status, detail } of findings) console.log(`${name.padEnd(width)}  ${status.padEnd(7)}  ${detail}`);
  return findings.some(({ status }) => status === 'missing') ? 1 : 0;
}

async function deviceFindings(): Promise<readonly Finding[]> {
  const found = (await findDevices()).map(deviceFinding);
  const wanted = process.env.REFT_DEVICE;
  if (!wanted) return found;
  try {
    const { name } = chosenDevice();
    const missing = found.find((device) => device.name === `device ${name}` && device.status === 'absent');
    return missing ? found.map((device) => (device === missing ? { ...device, status: 'missing' } : device)) : found;
  } catch (error) {
    const detail = messageOf(error);
    return [...found, { name: 'REFT_DEVICE', status: 'missing', detail }];
  }
}

const ways = {
  bound: 'updates in place, without copies',
  onDevice: 'updated tensors stay on the device',
  copyBack: 'updated tensors are copied back at every step, which is slow: this onnxruntime allows no better',
} as const;

function deviceFinding({ name, trial }: FoundDevice): Finding {
  return trial.works
    ? {
        name: `device ${name}`,
        status: 'found',
        detail: `${ways[trial.mode]} (self-test ${Math.round(trial.milliseconds)} ms)`,
      }
    : { name: `device ${name}`, status: 'absent', detail: trial.reason };
}
