/**
 * Ordinary memory in the place of a device's: the CPU as if it were a GPU. Nothing is faster with it. It is for tests: all that keeps
 * tensors on a device runs on every machine, and its numbers can be compared with those of arrays that are bound as they are.
 */
import { InternalError, OutOfMemory } from '../../../errors.js';
import { required } from '../../../invariant.js';
import { foreignFunctions } from '../capi/foreign.js';
import { machine } from '../machine.js';
import { alignment, type DeviceMemory } from './deviceMemory.js';

/** A block's array is kept here: nothing else refers to the memory behind an address. */
interface Block {
  readonly start: bigint;
  readonly bytes: Uint8Array;
}

export function hostMemory(): DeviceMemory {
  /** By the addresses given. */
  const blocks = new Map<bigint, Block>();
  let used = 0;

  /** The bytes from an address on. */
  const bytesFrom = (address: bigint, length: number): Uint8Array => {
    for (const { start, bytes } of blocks.values()) {
      const offset = Number(address - start);
      if (offset >= 0 && offset + length <= bytes.byteLength) return bytes.subarray(offset, offset + length);
    }
    throw new InternalError(`${length} bytes at ${address} are not in this memory`);
  };

  return {
    allocate(size) {
      if (size > machine.memoryBytes - used)
        throw new OutOfMemory(`${size} bytes are more than the ${machine.memoryBytes - used} that are left`);
      const bytes = new Uint8Array(size + alignment);
      const start = foreignFunctions().address(bytes);
      const address = start + (((-start % BigInt(alignment)) + BigInt(alignment)) % BigInt(alignment));
      blocks.set(address, { start, bytes });
      used += bytes.byteLength;
      return address;
    },
    free(address) {
      used -= required(blocks.get(address), 'memory that was allocated').bytes.byteLength;
      blocks.delete(address);
    },
    stage: (bytes) => ({ bytes: new Uint8Array(bytes), free: () => undefined }),
    upload: (to, from) => bytesFrom(to, from.byteLength).set(from),
    download: (to, from) => to.set(bytesFrom(from, to.byteLength)),
    zero: (address, bytes) => bytesFrom(address, bytes).fill(0),
    copy({ bytes, rows, count, from, to }) {
      for (let group = 0; group < count; group++)
        for (let row = 0; row < rows; row++) {
          const at = ({ address, pitch, rowsApart }: typeof from): bigint =>
            address + BigInt((group * rowsApart + row) * pitch);
          bytesFrom(at(to), bytes).set(bytesFrom(at(from), bytes));
        }
    },
    settle: () => undefined,
    room: () => ({ free: machine.memoryBytes - used, total: machine.memoryBytes }),
  };
}
