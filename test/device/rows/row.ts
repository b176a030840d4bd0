/** What every row of the device script is, and what it needs. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deviceMemory, transfersSoFar } from '../../../activities/engine/ort/memory/twins.js';
import { selfTest } from '../../../activities/engine/ort/runInPlace.js';

/** Figures by name. */
export type Figures = Readonly<Record<string, unknown>>;

export interface Row {
  readonly name: string;
  /** @param isSmall a model of two layers and few steps, for a machine without a GPU. */
  readonly measure: (isSmall: boolean) => Promise<Figures>;
}

/** Where rows leave models. */
export const workFolder = process.env.REFT_ROWS_FOLDER ?? join(tmpdir(), 'reft-device-rows');

export const quiet = { onProgress: () => undefined, isCancelled: () => false };

export const round = (x: number, digits = 4): number => Number(x.toPrecision(digits));

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

export function mean(numbers: readonly number[]): number {
  return numbers.reduce((total, x) => total + x, 0) / numbers.length;
}

/** What some work took: its time, and what went to and from the device in it. */
export async function timed<Result>(work: () => Promise<Result>): Promise<{
  readonly result: Result;
  readonly milliseconds: number;
  readonly transfers: { readonly number: number; readonly bytes: number; readonly share: number };
}> {
  const [before, start] = [transfersSoFar(), performance.now()];
  const result = await work();
  const milliseconds = performance.now() - start;
  const after = transfersSoFar();
  return {
    result,
    milliseconds,
    transfers: {
      number: after.uploads + after.downloads - before.uploads - before.downloads,
      bytes: after.uploadedBytes + after.downloadedBytes - before.uploadedBytes - before.downloadedBytes,
      share: (after.milliseconds - before.milliseconds) / milliseconds,
    },
  };
}

/** Memory of the device in use, by this process and all others. */
export async function usedMiB(): Promise<number | null> {
  if ((await selfTest()).mode !== 'resident') return null;
  const { free, total } = deviceMemory().room();
  return Math.round((total - free) / 2 ** 20);
}
