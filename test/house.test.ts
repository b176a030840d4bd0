/** The house's one-way rule, read from the imports: who may use whom. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Import {
  readonly from: string;
  /** A path from the root for our own files, else the package's name. */
  readonly to: string;
  readonly typesOnly: boolean;
}

const importPattern = /^(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm;

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(importPattern)].map(([, type, named, dynamic]) => {
    const target = named ?? dynamic ?? '';
    const to = target.startsWith('.') ? relative(root, join(root, dirname(file), target)) : target;
    return { from: file, to, typesOnly: type !== undefined };
  });
}

const imports = ['workflows', 'activities', 'workers', 'infra']
  .flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: 'utf8' }).map((file) => join(room, file)),
  )
  .filter((file) => file.endsWith('.ts'))
  .flatMap(importsOf);

/** Imports that a rule forbids, as `from -> to`. */
function violations(room: RegExp, forbidden: (to: Import) => boolean): string[] {
  return imports.filter((one) => room.test(one.from) && forbidden(one)).map(({ from, to }) => `${from} -> ${to}`);
}

describe('imports go one way', () => {
  it('are found at all', () => {
    expect(imports.length).toBeGreaterThan(100);
    expect(imports.map(({ to }) => to)).toContain('@temporalio/workflow');
  });

  it('workflows use activities for their types only, no I/O and no other room', () => {
    const isForbidden = ({ to, typesOnly }: Import): boolean =>
      (/^activities\/(?!(errors|invariant)\.js)/.test(to) && !typesOnly) ||
      /^(workers|infra|test)\//.test(to) ||
      /^(node:|@temporalio\/(client|worker|activity)|@aws-sdk|onnxruntime)/.test(to);
    expect(violations(/^workflows\//, isForbidden)).toEqual([]);
  });

  it('activities use no workers and no infra, and of workflows only the specification', () => {
    const isForbidden = ({ to }: Import): boolean =>
      /^(workers|infra|test)\//.test(to) || /^workflows\/(?!config\/)/.test(to);
    expect(violations(/^activities\//, isForbidden)).toEqual([]);
  });

  it('the engine imports nothing above it', () => {
    const isForbidden = ({ to }: Import): boolean =>
      /^(workflows|workers|infra|test)\//.test(to) ||
      /^activities\/(?!engine\/|errors\.js)/.test(to) ||
      to.startsWith('@temporalio');
    expect(violations(/^activities\/engine\//, isForbidden)).toEqual([]);
  });

  it('data, reward, store and report know nothing of Temporal', () => {
    const isForbidden = ({ to }: Import): boolean => to.startsWith('@temporalio');
    expect(violations(/^activities\/[^/]+\//, isForbidden)).toEqual([]);
  });

  it('infra stands by itself', () => {
    const isForbidden = ({ to }: Import): boolean => /^(workflows|activities|workers|test)\//.test(to);
    expect(violations(/^infra\//, isForbidden)).toEqual([]);
  });
});
