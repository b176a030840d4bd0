/**
 * onnxruntime's shared library, as onnxruntime-node ships it, called through its C API by koffi.
 *
 * The library is the one that onnxruntime-node's own binding loads: the same kernels, the same threads. The C API can do what that
 * binding cannot: write results into given memory without copying them, and keep tensors on a CUDA device.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { UnavailableDevice } from '../../../errors.js';
import { at } from '../../../invariant.js';
import { chosenDevice } from '../devices.js';
import { functionAt, loadLibraryFile } from './foreign.js';
import {
  apiVersion,
  type Box,
  type Entry,
  functions,
  type Handle,
  type OrtApi,
  type ParameterKind,
  parameterTypes,
  type RawApi,
  type ResultKind,
  resultTypes,
} from './functions.js';
import { failureOf } from './status.js';

const load = createRequire(import.meta.url);

const fileNames: Readonly<Record<string, string>> = {
  linux: 'libonnxruntime.so.1',
  darwin: 'libonnxruntime.1.dylib',
  win32: 'onnxruntime.dll',
};

/** Where onnxruntime-node has its library for this platform; null where it has none. */
export function nodesLibraryPath(platform: string = process.platform, arch: string = process.arch): string | null {
  const file = fileNames[platform];
  if (file === undefined) return null;
  const root = dirname(dirname(load.resolve('onnxruntime-node')));
  const path = join(root, 'bin', 'napi-v6', platform, arch, file);
  return existsSync(path) ? path : null;
}

type Entries = Readonly<Record<string, Entry<readonly ParameterKind[], ResultKind>>>;

let loaded: OrtApi | undefined;

/**
 * The library's functions, loaded once a thread.
 * @param path of the library that the thread's first call loads: onnxruntime-node's, or one like it with other providers beside it.
 * @throws UnavailableDevice where there is no library for this platform, or it is not the one expected.
 */
export function ortApi(path: string | null = nodesLibraryPath()): OrtApi {
  loaded ??= loadLibrary(path);
  return loaded;
}

/**
 * @param more functions beside those of the table.
 * @throws UnavailableDevice when the file is no library whose table is known.
 */
export function loadLibrary(path: string | null, more: Entries = {}): OrtApi {
  const device = chosenDevice().name;
  if (path === null)
    throw new UnavailableDevice(device, `onnxruntime-node has no library for ${process.platform} ${process.arch}`);
  const base: Handle = loadLibraryFile(path).func('void *OrtGetApiBase()')();
  const version: string = functionAt(base, 1, 'const char *', [])();
  const table: Handle | null = functionAt(base, 0, 'void *', ['uint32_t'])(apiVersion);
  const refuse = (fault: string): never => {
    throw new UnavailableDevice(device, `${path} is onnxruntime ${version}, not the one expected: ${fault}`);
  };
  if (table === null) return refuse(`it has no C API of version ${apiVersion}`);
  const entries = { ...more, ...functions };
  const raw = Object.fromEntries(
    Object.entries<Entry<readonly ParameterKind[], ResultKind>>(entries).map(
      ([name, { place, result, parameters }]) => {
        const types = parameters.map((kind) => parameterTypes[kind]);
        return [name, functionAt(table, place, resultTypes[result], types)];
      },
    ),
  ) as RawApi;
  const fault = faultOf(raw, version);
  return fault === null ? checked(raw, entries) : refuse(fault);
}

/** What shows that the table is not what it is taken for, by functions without side effects from its whole length. */
function faultOf(raw: RawApi, version: string): string | null {
  if (!/^1\.\d+\.\d+/.test(version)) return 'its version';
  const invalidArgument = 2;
  const status = raw.CreateStatus(invalidArgument, 'a test');
  const isStatus = raw.GetErrorCode(status) === invalidArgument && raw.GetErrorMessage(status) === 'a test';
  raw.ReleaseStatus(status);
  if (!isStatus) return 'its statuses';
  return raw.GetBuildInfoString().startsWith('ORT Build Info') ? null : 'its build information';
}

/** The same functions; a status that one returns is thrown as the failure that it stands for. */
function checked(raw: RawApi, entries: Entries): OrtApi {
  const check = (status: Handle | null, during: string): void => {
    if (status === null) return;
    const [code, message] = [raw.GetErrorCode(status), raw.GetErrorMessage(status)];
    raw.ReleaseStatus(status);
    throw failureOf(code, message, during, chosenDevice().name);
  };
  return Object.fromEntries(
    Object.entries(entries).map(([name, { result }]) => {
      const call = raw[name as keyof RawApi] as (...passed: unknown[]) => Handle | null;
      return [name, result === 'status' ? (...passed: unknown[]) => check(call(...passed), name) : call];
    }),
  ) as OrtApi;
}

/** What a function puts into the box that it is given: an address or a number. */
export function given(call: (box: Box) => void): bigint {
  const box = new BigUint64Array(1);
  call(box);
  return at(box, 0);
}
