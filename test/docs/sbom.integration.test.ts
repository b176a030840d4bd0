/** The list of dependencies that SECURITY.md tells how to make: it is whole, and every licence is one that Apache-2.0 gets along with. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { z } from 'zod';

const root = join(import.meta.dirname, '../..');
const command = 'npm sbom --sbom-format cyclonedx --package-lock-only';
const licence = z.object({
  license: z.object({ id: z.string() }).exactOptional(),
  expression: z.string().exactOptional(),
});
const form = z.object({
  bomFormat: z.literal('CycloneDX'),
  components: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      purl: z.string(),
      licenses: z.array(licence).default([]),
      properties: z.array(z.object({ name: z.string() })).default([]),
    }),
  ),
});
const allowed =
  /^(Apache-2\.0|MIT|ISC|BSD-[23]-Clause|BlueOak-1\.0\.0|Unlicense|0BSD|MPL-2\.0|CC-BY-4\.0|Apache-2\.0 AND MIT|\(MIT OR CC0-1\.0\))$/;
/** Whose licence is told by a file of theirs alone: MIT, Unlicense, Apache-2.0. */
const untold = /^(jstat|unionfs|@swc\/core-.*)$/;

it('dependencies are listed as CycloneDX, with their licences', async () => {
  expect(readFileSync(join(root, 'SECURITY.md'), 'utf8')).toContain(command);
  const [npm = '', ...words] = command.split(' ');
  const { stdout } = await promisify(execFile)(npm, words, { cwd: root, maxBuffer: 2 ** 26 });
  const { components } = form.parse(JSON.parse(stdout));
  const manifest = z
    .object({ dependencies: z.record(z.string(), z.string()) })
    .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
  const listed = new Set(components.map(({ name, version }) => `${name}@${version}`));
  for (const [name, version] of Object.entries(manifest.dependencies)) expect(listed).toContain(`${name}@${version}`);
  for (const { name, licenses, properties } of components) {
    // What tests and tools use is not handed on.
    if (properties.some((property) => property.name === 'cdx:npm:package:development')) continue;
    const told = licenses.map(({ license, expression }) => license?.id ?? expression);
    if (told.length === 0) expect(name).toMatch(untold);
    else for (const one of told) expect(`${one}`, name).toMatch(allowed);
  }
});
