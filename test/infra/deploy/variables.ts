/** Which variables of the environment the code reads: those of ours that its sources name, and those of the libraries that read servers' settings. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../..', import.meta.url));

const sources = ['activities', 'infra', 'workers', 'node_modules/@temporalio/envconfig/lib'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /(?<!\.d)\.(ts|js|mjs)$/.test(file))
    .map((file) => readFileSync(join(root, folder, file), 'utf8')),
);
const named = new Set(sources.flatMap((text) => text.match(/\b(?:REFT|S3|AWS|TEMPORAL|HF)_[A-Z0-9_]+\b/g) ?? []));

const documents = ['workers/README.md', 'infra/README.md', 'infra/SECURING.md']
  .map((page) => readFileSync(join(root, page), 'utf8'))
  .join('\n');

/** Of the names, those that no code reads or no page tells of. */
export function unknownVariables(names: readonly string[]): readonly string[] {
  return names.filter((name) => !named.has(name) || !documents.includes(name));
}
