/**
 * What a data directory remembers of a server: who keeps it, its process, its ports. Its keeper writes it (`keeper.mjs`).
 *
 * Ports outlive the server, so that the next one has the same addresses where they are still free. Whether the server
 * runs is never read from here alone: its keeper must live and the server must answer.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const recordSchema = z.object({
  /** The keeper's process, which ends the server; null once it has. */
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
