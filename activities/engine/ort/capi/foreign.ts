/** Functions of shared libraries, called through koffi. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { LibraryHandle } from 'koffi';
import { messageOf } from '../../../errors.js';
import type { Handle } from './functions.js';

const load = createRequire(import.meta.url);

/** Loaded when it is first asked for: on a platform that it has no build for, this throws, and the engine goes on without it. */
export function foreignFunctions(): typeof import('koffi') {
  try {
    return load('koffi');
  } catch (error) {
    const { platform, arch } = process;
    throw new Error(`koffi has no build for ${platform} ${arch}, or is not installed (npm ci): ${messageOf(error)}`);
  }
}

/** Kept, because koffi unloads a library that nothing refers to, and functions found in it do not count. */
const libraries = new Map<string, LibraryHandle>();

/** @throws Error with the loader's reason when there is no such library, or one that it needs is missing. */
export function loadLibraryFile(path: string): LibraryHandle {
  const known = libraries.get(path);
  if (known) return known;
  const koffi = foreignFunctions();
  try {
    const library = koffi.load(path);
    libraries.set(path, library);
    return library;
  } catch (error) {
    throw new Error(`${path}: ${messageOf(error)}`);
  }
}

/**
 * A library by its name alone: from the first of the folders that has it, else from where the system's loader looks.
 * @throws Error as `loadLibraryFile`.
 */
export function loadNamedLibrary(name: string, folders: readonly string[]): LibraryHandle {
  const path = folders.map((folder) => join(folder, name)).find((candidate) => existsSync(candidate));
  return loadLibraryFile(path ?? name);
}

/** The function that a table of pointers has at a place. */
export function functionAt(table: Handle, place: number, result: string, parameters: readonly string[]) {
  const koffi = foreignFunctions();
  const pointer: Handle = koffi.decode(table, place * koffi.sizeof('void *'), 'void *');
  return koffi.decode(pointer, koffi.proto(result, [...parameters]));
}

/** The text that ends with a zero at an address. */
export function textAt(address: Handle): string {
  return foreignFunctions().decode(address, 'char', -1);
}

/** Memory of this process that V8 does not own. It must stay until nothing reads the array any more. */
export function bytesAt(address: Handle, bytes: number): Uint8Array {
  return new Uint8Array(foreignFunctions().view(address, bytes));
}
