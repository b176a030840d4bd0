/**
 * What travels with a run: arrays without a twin, packed into one block, so that one copy takes them all to the device and one brings
 * the results back. A copy of a few bytes takes as long as one of a hundred kilobytes.
 */
import type { Tensor } from 'onnxruntime-node';
import type { Handle } from '../capi/functions.js';
import type { Tensors } from '../session.js';
import { aligned, type DeviceMemory, type Stage } from './deviceMemory.js';
import { bytesOf } from './twins.js';

export interface Luggage {
  /** Where an array lies on the device during runs. */
  addressOf(data: Tensor.DataType): Handle | undefined;
  /** Copies what is read to the device. */
  send(): void;
  /** Copies results into their arrays. */
  receive(): void;
  /** Gives the block back. */
  release(): void;
}

interface Block {
  readonly size: number;
  readonly address: Handle;
  readonly stage: Stage;
}

/** Blocks that no run uses, the smallest first. Allocating one stops the device. */
const idle: Block[] = [];
const mostIdle = 4;
const smallestBlock = 1 << 16;
/** What a step sends is far smaller. */
const largestIdle = 1 << 26;

/**
 * @param feeds read by the run, and have no twin.
 * @param results written by it, and have no twin. An array may be among both.
 */
export function packLuggage(memory: DeviceMemory, feeds: Tensors, results: Tensors): Luggage {
  const [read, written] = [arraysOf(feeds), arraysOf(results)];
  const both = [...read].filter((data) => written.has(data));
  let size = 0;
  const layOut = (arrays: readonly Tensor.DataType[]): Map<Tensor.DataType, Place> =>
    new Map(
      arrays.map((data) => {
        const place = { start: size, bytes: bytesOf(data) };
        size += aligned(place.bytes.byteLength);
        return [data, place];
      }),
    );
  // What is received lies behind each other, as what is sent does.
  const onlyRead = layOut([...read].filter((data) => !written.has(data)));
  const receivedFrom = size;
  const readAndWritten = layOut(both);
  const sentTo = size;
  const onlyWritten = layOut([...written].filter((data) => !read.has(data)));
  const places = new Map([...onlyRead, ...readAndWritten, ...onlyWritten]);
  const sent = [...onlyRead.values(), ...readAndWritten.values()];
  const received = [...readAndWritten.values(), ...onlyWritten.values()];
  if (size === 0) return nothing;
  const block = takeBlock(memory, size);
  const { address, stage } = block;
  return {
    addressOf(data) {
      const place = places.get(data);
      return place && address + BigInt(place.start);
    },
    send() {
      if (sentTo === 0) return;
      for (const { start, bytes } of sent) stage.bytes.set(bytes, start);
      memory.upload(address, stage.bytes.subarray(0, sentTo));
    },
    receive() {
      if (receivedFrom === size) return;
      memory.download(stage.bytes.subarray(receivedFrom, size), address + BigInt(receivedFrom));
      for (const { start, bytes } of received) bytes.set(stage.bytes.subarray(start, start + bytes.byteLength));
    },
    release: () => giveBack(memory, block),
  };
}

interface Place {
  /** In the block. */
  readonly start: number;
  readonly bytes: Uint8Array;
}

const nothing: Luggage = {
  addressOf: () => undefined,
  send: () => undefined,
  receive: () => undefined,
  release: () => undefined,
};

function arraysOf(tensors: Tensors): ReadonlySet<Tensor.DataType> {
  return new Set(Object.values(tensors).map(({ data }) => data));
}

function takeBlock(memory: DeviceMemory, bytes: number): Block {
  const fitting = idle.findIndex(({ size }) => size >= bytes);
  const [known] = fitting < 0 ? [] : idle.splice(fitting, 1);
  if (known) return known;
  const size = Math.max(smallestBlock, 2 ** Math.ceil(Math.log2(bytes)));
  return { size, address: memory.allocate(size), stage: memory.stage(size) };
}

/** Of too many blocks the smallest goes. */
function giveBack(memory: DeviceMemory, block: Block): void {
  if (block.size <= largestIdle) idle.push(block);
  idle.sort((a, b) => a.size - b.size);
  const dropped = block.size > largestIdle ? block : idle.length > mostIdle ? idle.shift() : undefined;
  if (!dropped) return;
  memory.free(dropped.address);
  dropped.stage.free();
}
