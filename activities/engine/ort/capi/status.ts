/** What onnxruntime says of a call that failed, as one of our failures. */
import { InternalError, OutOfMemory, UnavailableDevice } from '../../../errors.js';

/** `OrtErrorCode`: what the execution provider, not the graph, is to blame for. */
const providerFailed = 11;
const engineError = 5;

/** onnxruntime has no codes of its own for these; of memory JavaScript throws a RangeError. */
const withoutProvider = /Failed to load library|Invalid device ID/;
const outOfMemory = /out of memory|bad_alloc|failed to allocate|allocation fail|BFCArena/i;

export function isOutOfMemory(message: string): boolean {
  return outOfMemory.test(message);
}

/**
 * @param code an `OrtErrorCode`.
 * @param during the function that failed.
 * @param device what `REFT_DEVICE` says.
 */
export function failureOf(code: number, message: string, during: string, device: string): Error {
  if (isOutOfMemory(message)) return new OutOfMemory(`onnxruntime ran out of memory: ${message}`);
  if (code === providerFailed || code === engineError || withoutProvider.test(message))
    return new UnavailableDevice(device, message);
  return new InternalError(`onnxruntime refused ${during} (code ${code}): ${message}`);
}
