/**
 * What a data directory remembers of a server: who started it, its process, its ports.
 *
 * Ports outlive the server, so that the next one has the same addresses where they are still free. Whether the server
 * runs is never read from here alone: its owner must live and the server must answer.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const recordSchema = z.object({
  /** The process that started the server and ends it; null once it has. */
  owner: z.number().int().nullable(),
  pid: z.number().int(),
  /** Where the program came from, in words. */
  source: z.string(),
  ports: z.record(z.string(), z.number().int()),
});
export type ServerRecord = z.output<typeof recordSchema>;

/** The record in `directory`; null when there is none or it cannot be read. */
export async function readRecord(directory: string): Promise<ServerRecord | null> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(join(directory, 'server.json'), 'utf8')));
  } catch {
    return null;
  }
}

export async function writeRecord(directory: string, record: ServerRecord): Promise<void> {
  const path = join(directory, 'server.json');
  await writeFile(`${path}.new`, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
