/**
 * The house's rules, read from the code and from the table of rooms in the README: who may import whom, no circles, and a
 * comment at the top of each file.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { at, required } from '../activities/invariant.js';

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
    const target = required(named ?? dynamic, 'an import without a target');
    const to = target.startsWith('.')
      ? relative(root, join(root, dirname(file), target)).replace(/\.js$/, '.ts')
      : target;
    return { from: file, to, typesOnly: type !== undefined };
  });
}

const filesIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|mjs|js)$/.test(file))
    .map((file) => join(folder, file));
const files = ['workflows', 'activities', 'workers', 'infra'].flatMap(filesIn);
const testFiles = filesIn('test');
const imports = files.flatMap(importsOf);

interface Room {
  /** Folders, or files without their ending. */
  readonly paths: readonly string[];
  readonly imports: readonly Permission[];
}

interface Permission {
  readonly path: string;
  readonly typesOnly: boolean;
}

const namesIn = (text: string): string[] =>
  [...text.matchAll(/`([\w/]+)`/g)].map(([, name]) => required(name, 'a name'));

/** The rows of the README's section "The house", from the top floor down: rooms | what is in them | what they import. */
function readRooms(): Room[] {
  const [, section] = readFileSync(join(root, 'README.md'), 'utf8').split(/^## The house$/m);
  const rows = required(section, 'the section "The house" in README.md')
    .split(/^## /m)[0]
    ?.match(/^\| `.*\|$/gm);
  return required(rows, 'the table of rooms').map((row) => {
    const cells = row.split('|');
    const permitted = at(cells, 3)
      .split(';')
      .flatMap((clause) => namesIn(clause).map((path) => ({ path, typesOnly: /types of/.test(clause) })));
    return { paths: namesIn(at(cells, 1)), imports: permitted };
  });
}

const rooms = readRooms();
/** Open to every room. */
const ground = at(rooms, -1);

const isIn = (file: string, path: string): boolean => file.startsWith(`${path}/`) || file.startsWith(`${path}.`);

/** A file's room: the one whose path is the longest among those that hold it. */
function findRoom(file: string): Room | undefined {
  const lengthIn = ({ paths }: Room): number =>
    Math.max(0, ...paths.filter((path) => isIn(file, path)).map(({ length }) => length));
  const [room] = [...rooms].sort((a, b) => lengthIn(b) - lengthIn(a));
  return room && lengthIn(room) > 0 ? room : undefined;
}

const roomOfFile = new Map(files.map((file) => [file, findRoom(file)]));
const roomOf = (file: string): Room => required(roomOfFile.get(file), `a room for ${file}`);
/** Imports of one room by another, but for those of the ground. */
const arrows = imports.filter(
  ({ from, to }) => roomOfFile.has(to) && roomOf(from) !== roomOf(to) && roomOf(to) !== ground,
);
const isPermittedBy =
  ({ to, typesOnly }: Import) =>
  (permission: Permission): boolean =>
    isIn(to, permission.path) && (typesOnly || !permission.typesOnly);

/** Imports that a rule forbids, as `from -> to`. */
function violations(room: RegExp, forbidden: (to: Import) => boolean): string[] {
  return imports.filter((one) => room.test(one.from) && forbidden(one)).map(({ from, to }) => `${from} -> ${to}`);
}

/** Groups of files that reach one another by their imports (Tarjan's algorithm), each sorted. */
function findCircles(): string[][] {
  const next = new Map<string, string[]>(files.map((file) => [file, []]));
  for (const { from, to } of imports) if (next.has(to)) next.get(from)?.push(to);
  const found: string[][] = [];
  const path: string[] = [];
  const order = new Map<string, number>();
  /** The least order that can be reached from the file; infinite once its group is complete. */
  const visit = (file: string): number => {
    const own = order.size;
    order.set(file, own);
    path.push(file);
    let least = own;
    for (const to of required(next.get(file), file)) least = Math.min(least, order.has(to) ? reach(to) : visit(to));
    if (least < own) return least;
    const group = path.splice(path.indexOf(file));
    if (group.length > 1) found.push(group.sort());
    return Number.POSITIVE_INFINITY;
  };
  const reach = (file: string): number =>
    path.includes(file) ? required(order.get(file), 'the order of a file on the path') : Number.POSITIVE_INFINITY;
  for (const file of files) if (!order.has(file)) visit(file);
  return found;
}

describe('the rooms of the README', () => {
  it('hold every file', () => {
    expect(files.filter((file) => roomOfFile.get(file) === undefined)).toEqual([]);
    expect(arrows.length).toBeGreaterThan(100);
  });

  it('are permitted only what lies below them', () => {
    const upward = rooms.flatMap((room, floor) => {
      const above = rooms.slice(0, floor + 1).flatMap(({ paths }) => paths);
      return room.imports.filter(({ path }) => above.some((one) => one === path || one.startsWith(`${path}/`)));
    });
    expect(upward).toEqual([]);
  });

  it('import what they are permitted, and nothing else', () => {
    const forbidden = arrows
      .filter((arrow) => !roomOf(arrow.from).imports.some(isPermittedBy(arrow)))
      .map(({ from, to }) => `${from} -> ${to}`);
    expect(forbidden).toEqual([]);
  });

  it('use every permission', () => {
    const unused = rooms.flatMap((room) =>
      room.imports
        .filter(
          (permission) => !arrows.some((arrow) => roomOf(arrow.from) === room && isPermittedBy(arrow)(permission)),
        )
        .map(({ path }) => `${room.paths} -> ${path}`),
    );
    expect(unused).toEqual([]);
  });

  it('have no circles between files', () => {
    expect(findCircles()).toEqual([]);
  });
});

describe('packages', () => {
  it('are found at all', () => {
    expect(imports.map(({ to }) => to)).toContain('@temporalio/workflow');
  });

  it('that workflows load, directly or through what they load, do no I/O', () => {
    const loaded = new Set(files.filter((file) => file.startsWith('workflows/')));
    // Files that are added on the way are gone through as well.
    for (const file of loaded)
      for (const { from, to, typesOnly } of imports) if (from === file && !typesOnly) loaded.add(to);
    expect(loaded).toContain('activities/rewards/answer.ts');
    const impure = /^(node:|@temporalio\/(client|worker|activity)|@aws-sdk|onnxruntime)/;
    expect([...loaded].filter((one) => impure.test(one))).toEqual([]);
  });

  it('of the rooms below activities know nothing of Temporal', () => {
    expect(violations(/^activities\/[^/]+\//, ({ to }) => to.startsWith('@temporalio'))).toEqual([]);
  });
});

describe('unit tests', () => {
  it('import nothing that starts a server', () => {
    const starters = /(support\/(stack|workerProcess|temporalCommand)|s3Server|workflows\/harness)\.ts$/;
    const units = testFiles.filter((file) => /\.test\.ts$/.test(file) && !/\/endToEnd\/|\.integration\./.test(file));
    expect(units.flatMap(importsOf).filter(({ to }) => starters.test(to))).toEqual([]);
    expect(units.length).toBeGreaterThan(50);
  });
});

describe('each file', () => {
  it('opens with a comment that says what it is', () => {
    const opens = (file: string): boolean => /^(#!.*\n)?\/\*\*|^# /.test(readFileSync(join(root, file), 'utf8'));
    expect([...files, ...testFiles].filter((file) => !opens(file))).toEqual([]);
  });
});
