/** The committed histories: a folder a version, in it a file a workflow, all executions of the workflow in their order. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';

const folder = fileURLToPath(new URL('.', import.meta.url));
const ending = '.json.br';

/** A workflow from its start to its end: an execution, and one more for each time it continued as new. */
export interface RecordedWorkflow {
  readonly workflowId: string;
  /** As the Temporal CLI writes them (`temporal workflow show --output json`). */
  readonly executions: readonly RecordedExecution[];
}

/** A history as JSON; only what is looked at here is typed. */
export interface RecordedExecution {
  readonly events: readonly { readonly eventType: string; readonly [field: string]: unknown }[];
}

/** Versions with histories, oldest first. */
export function recordedVersions(): readonly string[] {
  const versions = readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [entry.name] : [],
  );
  return versions.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

export function readWorkflows(version: string): readonly RecordedWorkflow[] {
  return readdirSync(join(folder, version)).map((file) => ({
    workflowId: file.slice(0, -ending.length),
    executions: JSON.parse(brotliDecompressSync(readFileSync(join(folder, version, file))).toString()),
  }));
}

/** Takes the place of all histories of that version. */
export function writeWorkflows(version: string, workflows: readonly RecordedWorkflow[]): void {
  rmSync(join(folder, version), { recursive: true, force: true });
  mkdirSync(join(folder, version), { recursive: true });
  for (const { workflowId, executions } of workflows)
    writeFileSync(join(folder, version, `${workflowId}${ending}`), compress(JSON.stringify(executions)));
}

/** Executions of a workflow are much alike, so the window holds them all: half of what gzip makes of them. */
function compress(json: string): Buffer {
  const { BROTLI_PARAM_LGWIN: window, BROTLI_PARAM_SIZE_HINT: size } = constants;
  return brotliCompressSync(json, { params: { [window]: constants.BROTLI_MAX_WINDOW_BITS, [size]: json.length } });
}

/** Bytes of all files together. */
export function bytesOf(version: string): number {
  return readdirSync(join(folder, version)).reduce(
    (sum, file) => sum + readFileSync(join(folder, version, file)).byteLength,
    0,
  );
}
