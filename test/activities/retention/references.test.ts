/** What JSON names. */
import { expect, it } from 'vitest';
import { addReferences, noReferences } from '../../../activities/retention/references.js';

const sha = (letter: string): string => letter.repeat(64);

it('finds objects and checkpoints, however deep', () => {
  const found = noReferences();
  addReferences(
    [
      { data: { train: { key: `objects/${sha('a')}`, sha256: sha('a'), bytes: 3, count: 2 } }, nothing: null, n: 1 },
      [{ best: { checkpoint: { key: `objects/${sha('b')}`, sha256: sha('b'), bytes: 3, step: 4, weightBytes: 8 } } }],
      { checkpoint: { sha256: sha('c'), step: 4 } },
      { model: { from: `checkpoint:${sha('d')}` } },
      { source: { train: `annotation:${sha('e')}` } },
    ],
    found,
  );
  expect([...found.objects]).toEqual([sha('a'), sha('b'), sha('c'), sha('d'), sha('e')]);
  expect([...found.manifests]).toEqual([sha('b'), sha('c'), sha('d')]);
});

it('takes nothing else for one', () => {
  const found = noReferences();
  // A file that questions came from, an ancestor of a run, a name that is no hash.
  addReferences({ files: [{ name: 'a.json', sha256: sha('a'), rows: 1 }], lineage: [{ checkpoint: sha('b') }] }, found);
  addReferences({ key: 'objects/x', sha256: 'x' }, found);
  expect(found.objects.size).toBe(0);
});
