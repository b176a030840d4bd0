/** `reft doctor`: what this machine offers a run: its cores and memory, the engine's devices, and what the S3 server knows. */
import { availableParallelism, totalmem } from 'node:os';
import { chosenDevice } from '../../activities/engine/ort/devices.js';
import { type FoundDevice, findDevices } from '../../activities/engine/ort/findDevices.js';
import { machine } from '../../activities/engine/ort/machine.js';
import { InvalidSettings, messageOf } from '../../activities/errors.js';
import { gibibytes } from '../../activities/gibibytes.js';
import { describeFailure, nameOf } from '../../activities/store/s3/failures.js';
import { describeFindings, probe } from '../../activities/store/s3/probe.js';
import { doctor, type Finding } from '../../infra/doctor.js';
import { placeFromEnvironment, type S3Access, s3FromEnvironment } from '../../infra/s3/access.js';
import { findRunningS3 } from '../../infra/s3/local.js';
import { dataDirectory } from '../settings.js';
import { cudaVariables } from './obtainedCuda.js';
import { printTable } from './printTable.js';

/** @returns the process's exit code: 1 when something is missing that a run would need */
export async function printFindings(): Promise<number> {
  const findings = [
    machineFinding(),
    ...(await doctor(dataDirectory)),
    await probeFinding(),
    ...(await deviceFindings()),
  ];
  printTable(findings);
  return findings.some(({ status }) => status === 'missing') ? 1 : 0;
}

function machineFinding(): Finding {
  const [all, memory] = [availableParallelism(), totalmem()];
  const isLimited = machine.cores < all || machine.memoryBytes < memory;
  const of = isLimited ? ` (the container's; the host has ${all} and ${gibibytes(memory)})` : '';
  return {
    name: 'machine',
    status: 'found',
    detail: `${machine.cores} cores and ${gibibytes(machine.memoryBytes)} of memory${of}`,
  };
}

/** Writes the object `write-check` to a bucket that is there, as each start does. */
async function probeFinding(): Promise<Finding> {
  const name = 's3 probe';
  try {
    const given = s3FromEnvironment(process.env);
    const access = given ?? (await findRunningS3(dataDirectory, placeFromEnvironment(process.env)))?.access;
    if (access === undefined) return { name, status: 'absent', detail: 'no server is running; the start asks it' };
    return await findingOf(name, access);
  } catch (error) {
    return { name, status: 'missing', detail: messageOf(error) };
  }
}

async function findingOf(name: string, access: S3Access): Promise<Finding> {
  try {
    return { name, status: 'found', detail: describeFindings(await probe(access, false)) };
  } catch (error) {
    if (error instanceof InvalidSettings) throw error;
    if (nameOf(error) === 'NoSuchBucket')
      return { name, status: 'absent', detail: `there is no bucket ${access.bucket} yet; the start creates it` };
    return { name, status: 'missing', detail: describeFailure(access, 'write-check', error).message };
  }
}

async function deviceFindings(): Promise<readonly Finding[]> {
  const found = (await findDevices({ ...process.env, ...(await cudaVariables()) })).map(deviceFinding);
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
  resident: 'tensors stay on the device',
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
