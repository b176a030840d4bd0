/** Questions that a run leaves out by their ids (`data.exclude`): a list, or a file of them. */
import type { DataSpec } from '../../workflows/config/data.js';
import { InvalidData, InvalidSpec } from '../errors.js';
import { readJsonArray, readJsonLines } from './files/json.js';
import { linesOf, readText } from './files/lines.js';
import { readUnpacked } from './files/readFile.js';
import { isRow, textOf } from './rows/rowForm.js';
import type { DataRequest } from './sets/dataSet.js';
import type { DataFile } from './types.js';

export interface Exclusion {
  /** Whether a question is left out. Remembers which ids there were. */
  readonly excludes: (id: string) => boolean;
  /** Where the ids come from. */
  readonly files: readonly DataFile[];
  /**
   * To be called once all rows are read: an id that no row has is a mistake, and a test question might be trained on for it. A file
   * may have ids of other data sets, but not only such.
   * @throws InvalidSpec, for a file InvalidData
   */
  readonly check: () => void;
}

/** @throws InvalidData when the file cannot be read. */
export async function readExclusion(
  exclude: DataSpec['exclude'],
  request: Pick<DataRequest, 'obtain' | 'workDirectory'>,
): Promise<Exclusion> {
  if (exclude === undefined) return { excludes: () => false, files: [], check: () => undefined };
  const found = new Set<string>();
  const remembering = (ids: ReadonlySet<string>) => (id: string) => {
    if (!ids.has(id)) return false;
    found.add(id);
    return true;
  };
  if (Array.isArray(exclude)) {
    const ids = new Set(exclude);
    const check = (): void => {
      const unknown = exclude.filter((id) => !found.has(id));
      if (unknown.length > 0) throw new InvalidSpec(`data.exclude: no row has the id ${shown(unknown)}`);
    };
    return { excludes: remembering(ids), files: [], check };
  }
  const ids = new Set<string>();
  const files: DataFile[] = [];
  for (const obtained of await request.obtain(exclude, 'train')) {
    const { sha256, path } = await readUnpacked(obtained, exclude, request.workDirectory);
    let rows = 0;
    for (const id of idsIn(path, obtained.name)) {
      ids.add(id);
      rows += 1;
    }
    if (rows === 0) throw new InvalidData(`${obtained.name} (data.exclude): it has no ids`);
    files.push({ name: obtained.name, sha256, rows });
  }
  const check = (): void => {
    const names = files.map(({ name }) => name).join(', ');
    if (found.size === 0)
      throw new InvalidData(`${names} (data.exclude): no row has an id of it, such as ${shown([...ids])}`);
  };
  return { excludes: remembering(ids), files, check };
}

const mostShown = 5;

function shown(ids: readonly string[]): string {
  const first = ids.slice(0, mostShown).map((id) => JSON.stringify(id));
  return first.join(', ') + (ids.length > first.length ? ', …' : '');
}

/** An id a line, or JSON: texts, numbers, or records with an `id`. */
function* idsIn(path: string, name: string): Generator<string> {
  const start = firstCharacter(path);
  if (start === undefined || !['[', '{', '"'].includes(start)) {
    for (const { number, bytes } of linesOf(path)) {
      const read = readText(bytes);
      if ('problem' in read) throw new InvalidData(`${name} line ${number}: ${read.problem}`);
      if (read.text.trim() !== '') yield read.text.trim();
    }
    return;
  }
  for (const line of start === '[' ? readJsonArray(path) : readJsonLines(path)) {
    const id = 'problem' in line ? null : textOf(isRow(line.value) ? line.value.id : line.value);
    if (id === null) throw new InvalidData(`${name} row ${line.row}: no id`);
    yield id;
  }
}

function firstCharacter(path: string): string | undefined {
  for (const { bytes } of linesOf(path)) {
    const read = readText(bytes);
    const text = 'text' in read ? read.text.trim() : '?';
    if (text !== '') return text[0];
  }
  return undefined;
}
