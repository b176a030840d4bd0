/**
 * Asks the CUDA provider which kernels it has: prints `test/device/cudaKernels.txt`, a line for each model of `kernelModels.ts`.
 * No GPU is needed: with the stand-in for CUDA's libraries (`standIn.sh`) the provider says what it would run.
 *
 *   LD_LIBRARY_PATH=STANDIN node --import tsx kernelTable.mjs ORT FOLDER
 */
import { readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { customDomains } from '../../activities/engine/ort/capi/customOperators.js';
import { createRuntime } from './onnxruntime.mjs';

const [, , ort, folder] = process.argv;
const fatalOnly = 4;
const runtime = createRuntime(join(ort, 'libonnxruntime.so.1'), { severity: fatalOnly });
// Operators of our own are asked for too: whether onnxruntime takes them, in these types, for CUDA.
const domains = customDomains(runtime.ort, { provider: 'cuda', index: 0 });
const kernels = JSON.parse(readFileSync(join(folder, 'kernels.json'), 'utf8'));
for (const [index, kernel] of kernels.entries()) {
  const model = readFileSync(join(folder, `${index}.onnx`));
  let found = 'cuda';
  try {
    const settings = { 'session.disable_cpu_ep_fallback': '1' };
    runtime.createSession(model, { cuda: {}, settings, domains }).release();
  } catch (error) {
    if (!/fallback|assigned to the default CPU EP|transformer_memcpy|not.implemented/i.test(error.message)) throw error;
    found = 'no';
  }
  writeSync(1, `${found.padEnd(4)} ${kernel}\n`);
}
// Without what libraries do at a process's end: the stand-in does not live through the provider's.
runtime.koffi.load('libc.so.6').func('void _exit(int code)')(0);
