/**
 * The functions of onnxruntime's C API that we call: each one's place in the table `OrtApi`, and its parameters.
 *
 * The table is a struct of function pointers whose order never changes: entries are only ever appended, and onnxruntime asserts
 * the place of each version's last one when it is compiled. So a place is right for every library that answers to `apiVersion`
 * (onnxruntime_c_api.h).
 */

/** The version of the table that is asked for: that of onnxruntime 1.23. */
export const apiVersion = 23;

/** An address that onnxruntime gave. */
export type Handle = bigint;

/** Room for the one address or number that a function gives: its first element after the call. */
export type Box = BigUint64Array;

/** What a parameter is in C. */
export const parameterTypes = {
  int: 'int',
  size: 'size_t',
  int64: 'int64_t',
  text: 'const char *',
  texts: 'const char **',
  handle: 'void *',
  bytes: 'void *',
  box: 'void *',
} as const;

export type ParameterKind = keyof typeof parameterTypes;

/** What is passed for it. */
interface Passed {
  int: number;
  size: number;
  int64: number;
  text: string;
  texts: readonly string[];
  handle: Handle | null;
  /** Of this process or, as an address, of the device. */
  bytes: ArrayBufferView | Handle | null;
  box: Box;
}

/** What a function returns in C: a status is null or an error, which has to be released. */
export const resultTypes = {
  status: 'void *',
  text: 'const char *',
  int: 'int',
  handle: 'void *',
  nothing: 'void',
} as const;

export type ResultKind = keyof typeof resultTypes;

interface Returned {
  status: Handle | null;
  text: string;
  int: number;
  handle: Handle;
  nothing: undefined;
}

export interface Entry<Parameters extends readonly ParameterKind[], Result extends ResultKind> {
  readonly place: number;
  readonly result: Result;
  readonly parameters: Parameters;
}

export function entry<const Parameters extends readonly ParameterKind[], Result extends ResultKind>(
  place: number,
  result: Result,
  ...parameters: Parameters
): Entry<Parameters, Result> {
  return { place, result, parameters };
}

export const functions = {
  CreateStatus: entry(0, 'handle', 'int', 'text'),
  GetErrorCode: entry(1, 'int', 'handle'),
  GetErrorMessage: entry(2, 'text', 'handle'),
  CreateEnv: entry(3, 'status', 'int', 'text', 'box'),
  CreateSessionFromArray: entry(8, 'status', 'handle', 'bytes', 'size', 'handle', 'box'),
  CreateSessionOptions: entry(10, 'status', 'box'),
  DisableMemPattern: entry(17, 'status', 'handle'),
  SetSessionLogSeverityLevel: entry(22, 'status', 'handle', 'int'),
  SetSessionGraphOptimizationLevel: entry(23, 'status', 'handle', 'int'),
  SetIntraOpNumThreads: entry(24, 'status', 'handle', 'int'),
  SetInterOpNumThreads: entry(25, 'status', 'handle', 'int'),
  CreateCustomOpDomain: entry(26, 'status', 'text', 'box'),
  CustomOpDomain_Add: entry(27, 'status', 'handle', 'handle'),
  AddCustomOpDomain: entry(28, 'status', 'handle', 'handle'),
  SessionGetInputCount: entry(30, 'status', 'handle', 'box'),
  SessionGetOutputCount: entry(31, 'status', 'handle', 'box'),
  SessionGetOutputTypeInfo: entry(34, 'status', 'handle', 'size', 'box'),
  SessionGetInputName: entry(36, 'status', 'handle', 'size', 'handle', 'box'),
  SessionGetOutputName: entry(37, 'status', 'handle', 'size', 'handle', 'box'),
  CreateRunOptions: entry(39, 'status', 'box'),
  CreateTensorWithDataAsOrtValue: entry(49, 'status', 'handle', 'bytes', 'size', 'bytes', 'size', 'int', 'box'),
  GetTensorMutableData: entry(51, 'status', 'handle', 'box'),
  CastTypeInfoToTensorInfo: entry(55, 'status', 'handle', 'box'),
  GetDimensionsCount: entry(61, 'status', 'handle', 'box'),
  GetDimensions: entry(62, 'status', 'handle', 'bytes', 'size'),
  GetTensorTypeAndShape: entry(65, 'status', 'handle', 'box'),
  CreateMemoryInfo: entry(68, 'status', 'text', 'int', 'int', 'int', 'box'),
  CreateCpuMemoryInfo: entry(69, 'status', 'int', 'int', 'box'),
  AllocatorFree: entry(76, 'status', 'handle', 'handle'),
  GetAllocatorWithDefaultOptions: entry(78, 'status', 'box'),
  KernelInfoGetAttribute_float: entry(85, 'status', 'handle', 'text', 'bytes'),
  KernelInfoGetAttribute_int64: entry(86, 'status', 'handle', 'text', 'bytes'),
  KernelContext_GetInput: entry(90, 'status', 'handle', 'size', 'box'),
  KernelContext_GetOutput: entry(91, 'status', 'handle', 'size', 'bytes', 'size', 'box'),
  ReleaseStatus: entry(93, 'nothing', 'handle'),
  ReleaseSession: entry(95, 'nothing', 'handle'),
  ReleaseValue: entry(96, 'nothing', 'handle'),
  ReleaseRunOptions: entry(97, 'nothing', 'handle'),
  ReleaseTypeInfo: entry(98, 'nothing', 'handle'),
  ReleaseTensorTypeAndShapeInfo: entry(99, 'nothing', 'handle'),
  ReleaseSessionOptions: entry(100, 'nothing', 'handle'),
  AddFreeDimensionOverrideByName: entry(124, 'status', 'handle', 'text', 'int64'),
  AddSessionConfigEntry: entry(130, 'status', 'handle', 'text', 'text'),
  RunWithBinding: entry(133, 'status', 'handle', 'handle', 'handle'),
  CreateIoBinding: entry(134, 'status', 'handle', 'box'),
  ReleaseIoBinding: entry(135, 'nothing', 'handle'),
  BindInput: entry(136, 'status', 'handle', 'text', 'handle'),
  BindOutput: entry(137, 'status', 'handle', 'text', 'handle'),
  AddRunConfigEntry: entry(165, 'status', 'handle', 'text', 'text'),
  KernelContext_GetGPUComputeStream: entry(193, 'status', 'handle', 'box'),
  SessionOptionsAppendExecutionProvider_CUDA_V2: entry(204, 'status', 'handle', 'handle'),
  CreateCUDAProviderOptions: entry(205, 'status', 'box'),
  UpdateCUDAProviderOptions: entry(206, 'status', 'handle', 'texts', 'texts', 'size'),
  ReleaseCUDAProviderOptions: entry(208, 'nothing', 'handle'),
  MemoryInfoGetDeviceType: entry(225, 'nothing', 'handle', 'bytes'),
  GetBuildInfoString: entry(254, 'text'),
  SessionGetMemoryInfoForInputs: entry(380, 'status', 'handle', 'bytes', 'size'),
} as const;

export type FunctionName = keyof typeof functions;

type PassedFor<Parameters extends readonly ParameterKind[]> = {
  readonly [Index in keyof Parameters]: Passed[Parameters[Index]];
};

/** The functions as the library has them. */
export type RawApi = {
  readonly [Name in FunctionName]: (typeof functions)[Name] extends Entry<infer Parameters, infer Result>
    ? (...passed: PassedFor<Parameters>) => Returned[Result]
    : never;
};

/** The functions with statuses checked: those that return one throw it. */
export type OrtApi = {
  readonly [Name in FunctionName]: (...passed: Parameters<RawApi[Name]>) => Exclude<ReturnType<RawApi[Name]>, null>;
};
