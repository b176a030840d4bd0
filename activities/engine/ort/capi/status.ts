/** What onnxruntime says of a call that failed, as one of our failures. */
import { InsufficientMemory, InternalError, UnavailableDevice } from '../../../errors.js';

/** `OrtErrorCode`: what the execution provider, not the graph, is to blame for. */
const providerFailed = 11;
const engineError = 5;

/** onnxruntime has no code of its own for it. */
const isOutOfMemory = /out of memory|bad_alloc|failed to allocate|allocation failure|BFCArena/i;

/**
 * @param code an `OrtErrorCode`.
 * @param during the function that failed.
 * @param device what `REFT_DEVICE` says.
 */
export function failureOf(code: number, message: string, during: string, device: string): Error {
  if (isOutOfMemory.test(message)) return new InsufficientMemory(`onnxruntime ran out of memory: ${message}`);
  if (code === providerFailed || code === engineError) return new UnavailableDevice(device, message);
  return new InternalError(`onnxruntime refused ${during} (code ${code}): ${message}`);
}
