/** The documents: README's length, links that lead somewhere, small pictures; commands, specs and variables that exist. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { compareKind, runKind } from '../../workers/command/kinds.js';
import { checkInput, readSpecInput } from '../../workers/command/readSpecInput.js';
import { comparisonPresets } from '../../workflows/config/presets/index.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const outside = new Set(['node_modules', '.git', '.data', '.cache', 'dist', 'shared']);

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (outside.has(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
}

const files = filesUnder(root);
const pages = files.filter((path) => path.endsWith('.md'));
const read = (path: string): string => readFileSync(path, 'utf8');
const named = (path: string): string => relative(root, path);

/** Pages of rooms, whose first block is the tree of their files. Tests mirror the tree and have none. */
const roomPages = pages.filter((path) => /^(workflows|activities|workers|infra)\/(.*\/)?README\.md$/.test(named(path)));

/** The page of the nearest folder that has one. */
function roomPage(path: string): string {
  const page = join(dirname(path), 'README.md');
  return pages.includes(page) ? page : roomPage(dirname(path));
}

/** Whether a tree has a folder's files as `folder/   one file a method` (`*.ts` in its own page): they need no line each. */
function isCounted(tree: string, folder: string): boolean {
  const isOfFolder = (line: string): boolean => line.startsWith(`${folder}/ `) || line.startsWith('*.ts ');
  return tree.split('\n').some((line) => isOfFolder(line) && /one file an? /.test(line));
}

/** Text without code, where brackets are no links and a # begins a comment. */
function prose(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()]/g, ' '));
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(path: string): readonly string[] {
  return [...prose(read(path)).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/ /g, '-'),
  );
}

/** Links of a page that lead nowhere. */
function brokenLinks(page: string): string[] {
  return [...prose(read(page)).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
    if (/^(https?|mailto):/.test(link)) return [];
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? page : join(dirname(page), path);
    const found = files.includes(target) || files.some((file) => file.startsWith(`${target}/`));
    const lands = found && (anchor === undefined || anchorsOf(target).includes(anchor));
    return lands ? [] : [`${named(page)}: ${link}`];
  });
}

describe('documents', () => {
  it('the README is read in one go', () => {
    expect(read(join(root, 'README.md')).split('\n').length).toBeLessThanOrEqual(180);
  });

  it('links lead to files and headings that exist', () => {
    expect(pages.length).toBeGreaterThan(15);
    expect(pages.flatMap(brokenLinks)).toEqual([]);
  });

  it('pictures are small, and shown by a page', () => {
    const shown = pages.flatMap((page) =>
      [...read(page).matchAll(/!\[[^\]]*\]\(([^)\s]+)\)/g)].map(([, link = '']) => join(dirname(page), link)),
    );
    const pictures = files.filter((path) => path.endsWith('.png'));
    expect(pictures.length).toBeGreaterThanOrEqual(2);
    expect(pictures.filter((path) => statSync(path).size > 150_000 || !shown.includes(path)).map(named)).toEqual([]);
  });

  it('commands that pages show are sound', async () => {
    const commands = pages.flatMap((page) => [
      ...read(page).matchAll(/npx reft (run|compare) ((?:[\w-]|\.(?=\d))+)([^#`\n]*)/g),
    ]);
    expect(commands.length).toBeGreaterThan(8);
    for (const [command, kind, preset = '', options = ''] of commands) {
      if (options.startsWith('.json')) continue;
      const settings = [...options.matchAll(/--set (?:'([^']*)'|(\S+))/g)].map(
        ([, quoted, plain = '']) => quoted ?? plain,
      );
      const read = readSpecInput(preset, settings, kind === 'run' ? runKind : compareKind);
      await expect(read, command).resolves.toHaveProperty('input.preset', preset);
    }
  });

  it('specs that pages show are sound', () => {
    const specs = pages.flatMap((page) => {
      const text = read(page);
      const blocks = [...text.matchAll(/^```json\n([\s\S]*?)^```/gm)];
      const spans = [...text.matchAll(/[`'#] ?(\{"preset".*\})['`]?$/gm), ...text.matchAll(/`(\{"preset"[^`]*)`/g)];
      return [...blocks, ...spans].map(([, json = '']) => json).filter((json) => json.includes('"preset"'));
    });
    expect(specs.length).toBeGreaterThan(4);
    for (const json of specs) {
      const given = JSON.parse(json);
      const kind = Object.hasOwn(comparisonPresets, given.preset) ? compareKind : runKind;
      expect(() => checkInput({ args: [json], name: 'page', given, settings: [] }, kind), json).not.toThrow();
    }
  });

  it('variables that pages name are read by the code, and those that it reads are explained', () => {
    const variables = (paths: readonly string[]): Set<string> =>
      new Set(
        paths.flatMap((path) => [...read(path).matchAll(/\b(?:REFT|HF|S3)_[A-Z0-9_]+\b/g)].map(([name]) => name)),
      );
    const sources = files.filter((path) => /\.(ts|mjs)$/.test(path));
    const explained = variables(pages);
    expect(explained.size).toBeGreaterThan(8);
    expect([...explained].filter((name) => !variables(sources).has(name))).toEqual([]);
    const product = sources.filter((path) => /^(workflows|activities|workers|infra)\//.test(named(path)));
    expect([...variables(product)].filter((name) => !explained.has(name))).toEqual([]);
  });

  it('source files that pages name exist', () => {
    /** What pages add as they go along. */
    const examples = ['activities/engine/rl/reinforce.ts', 'activities/rewards/concise.ts'];
    const known = [...files.map(named), ...examples];
    const spans = pages.flatMap((page) =>
      [...read(page).matchAll(/`([\w./-]+\.(?:ts|mjs|py))`/g)].map(([, path = '']) => ({ page, path })),
    );
    expect(spans.length).toBeGreaterThan(50);
    const missing = spans.filter(
      ({ path }) => !known.some((file) => `/${file}`.endsWith(`/${path.replace('../', '')}`)),
    );
    expect(missing.map(({ page, path }) => `${named(page)}: ${path}`)).toEqual([]);
  });

  it('npm scripts that pages name exist', () => {
    const { scripts } = JSON.parse(read(join(root, 'package.json')));
    const named = pages.flatMap((page) => [...read(page).matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name]) => name));
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((name) => !Object.hasOwn(scripts, name ?? ''))).toEqual([]);
  });

  it("a room's page names every file of the room, and no other", () => {
    const ofRoom = (page: string): readonly string[] => {
      const isOwn = (path: string): boolean => named(roomPage(path)) === named(page);
      return files.filter((path) => /\.(ts|mjs|js|py)$/.test(path) && isOwn(path));
    };
    const trees = roomPages.map((page) => ({ page, tree: read(page).match(/^```\n[\s\S]*?^```/m)?.[0] ?? '' }));
    const unnamed = trees.flatMap(({ page, tree }) =>
      ofRoom(page)
        .filter((path) => !tree.includes(basename(path)) && !isCounted(tree, basename(dirname(path))))
        .map((path) => `${named(page)} lacks ${basename(path)}`),
    );
    const unknown = trees.flatMap(({ page, tree }) =>
      [...tree.matchAll(/[\w.-]+\.(?:ts|mjs|js|py)\b/g)]
        .filter(([file]) => !files.some((path) => basename(path) === file))
        .map(([file]) => `${named(page)} names ${file}, which does not exist`),
    );
    expect([...unnamed, ...unknown]).toEqual([]);
  });

  it('folders of the house, and the rooms of its README, say what they are', () => {
    const rooms = ['workflows', 'activities', 'workers', 'infra', 'test'];
    const libraries = readdirSync(join(root, 'activities'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `activities/${name}`);
    expect([...rooms, ...libraries].filter((room) => !pages.includes(join(root, room, 'README.md')))).toEqual([]);
  });
});
