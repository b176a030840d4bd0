/**
 * The memory that a device computes in: what `twins.ts` keeps tensors in, whatever the device is. It is CUDA's (`cudaMemory.ts`), or
 * ordinary memory (`hostMemory.ts`), on which tests run all that a GPU's memory is used for.
 */
import type { Handle } from '../capi/functions.js';

/** Where parts of one allocation start: CUDA's kernels read several numbers at once. */
export const alignment = 256;

export function aligned(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

/** Blocks of bytes that lie at equal distances in both places: `count` groups of `rows` rows of `bytes` bytes. */
export interface Strided {
  readonly bytes: number;
  readonly rows: number;
  readonly count: number;
  readonly from: StridedPlace;
  readonly to: StridedPlace;
}

export interface StridedPlace {
  /** Of the first row. */
  readonly address: Handle;
  /** Bytes from a row to the next. */
  readonly pitch: number;
  /** Rows from a group's first to the next group's. */
  readonly rowsApart: number;
}

/** Memory of this process that copies to and from the device are fastest with. */
export interface Stage {
  readonly bytes: Uint8Array;
  free(): void;
}

export interface DeviceMemory {
  /** At a multiple of `alignment`, of undefined contents. @throws OutOfMemory */
  allocate(bytes: number): Handle;
  free(address: Handle): void;
  stage(bytes: number): Stage;
  /** To the device. What is read may change after it. */
  upload(to: Handle, from: Uint8Array): void;
  /** From the device, when all that was started there has ended. */
  download(to: Uint8Array, from: Handle): void;
  zero(address: Handle, bytes: number): void;
  /** From one place on the device to another. */
  copy(blocks: Strided): void;
  /** Waits for uploads, zeros and copies: sessions run on a stream of their own, and know nothing of them. */
  settle(): void;
  /** In bytes, other processes' use counted. */
  room(): { readonly free: number; readonly total: number };
}

/** What went between this process and its device. */
export interface Transfers {
  uploads: number;
  uploadedBytes: number;
  downloads: number;
  downloadedBytes: number;
  /** On the device itself. */
  copies: number;
  /** That the process waited for them. */
  milliseconds: number;
}

export function noTransfers(): Transfers {
  return { uploads: 0, uploadedBytes: 0, downloads: 0, downloadedBytes: 0, copies: 0, milliseconds: 0 };
}

/** The same memory, which counts what it copies. */
export function counting(memory: DeviceMemory, transfers: Transfers): DeviceMemory {
  const timed = (copy: () => void): void => {
    const start = performance.now();
    copy();
    transfers.milliseconds += performance.now() - start;
  };
  return {
    ...memory,
    upload(to, from) {
      timed(() => memory.upload(to, from));
      transfers.uploads++;
      transfers.uploadedBytes += from.byteLength;
    },
    download(to, from) {
      timed(() => memory.download(to, from));
      transfers.downloads++;
      transfers.downloadedBytes += to.byteLength;
    },
    copy(blocks) {
      timed(() => memory.copy(blocks));
      transfers.copies++;
    },
    settle: () => timed(() => memory.settle()),
  };
}
