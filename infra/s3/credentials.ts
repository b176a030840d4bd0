/** The local S3 server's credentials: made once for a data directory, readable by its user alone. */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const credentialsSchema = z.object({ accessKeyId: z.string(), secretAccessKey: z.string() });
export type S3Credentials = z.output<typeof credentialsSchema>;

/** The credentials kept in `directory`; null when there are none yet. */
export async function readCredentials(directory: string): Promise<S3Credentials | null> {
  try {
    return credentialsSchema.parse(JSON.parse(await readFile(pathIn(directory), 'utf8')));
  } catch {
    return null;
  }
}

export async function keepCredentials(directory: string): Promise<S3Credentials> {
  const existing = await readCredentials(directory);
  if (existing) return existing;
  const credentials = { accessKeyId: 'reft', secretAccessKey: randomBytes(24).toString('base64url') };
  await writeFile(pathIn(directory), `${JSON.stringify(credentials)}\n`, { mode: 0o600 });
  return credentials;
}

function pathIn(directory: string): string {
  return join(directory, 'credentials.json');
}
