/** The GPU worker's Dockerfile: what it copies exists, all that the command loads is copied, and its commands are the command's. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const text = readFileSync(join(root, 'infra/gpu/Dockerfile'), 'utf8');

/** Instructions, continued lines joined. */
const instructions = text
  .replace(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => ({ name: line.split(' ', 1)[0] ?? '', rest: line.slice(line.indexOf(' ') + 1) }));
const restsOf = (name: string): readonly string[] =>
  instructions.filter((one) => one.name === name).map(({ rest }) => rest);

describe('the Dockerfile of a GPU worker', () => {
  it('has instructions that there are, the base first', () => {
    const known = ['FROM', 'RUN', 'WORKDIR', 'COPY', 'ENV', 'USER', 'ENTRYPOINT', 'CMD'];
    expect(instructions.map(({ name }) => name).filter((name) => !known.includes(name))).toEqual([]);
    expect(instructions[0]).toMatchObject({ name: 'FROM', rest: expect.stringMatching(/^node:2\d-\w+-slim$/) });
  });

  it('copies what exists, and every room that the command is made of', () => {
    const copied = restsOf('COPY').flatMap((rest) => rest.split(' ').slice(0, -1));
    expect(copied.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    for (const room of ['activities', 'infra', 'workers', 'workflows']) expect(copied).toContain(room);
  });

  it('fetches the libraries when it is built, and serves the engine’s queue', () => {
    expect(restsOf('RUN')).toContain('node workers/bin/reft.js gpu');
    expect(restsOf('ENTRYPOINT').map((json) => JSON.parse(json))).toEqual([['node', 'workers/bin/reft.js']]);
    expect(restsOf('CMD').map((json) => JSON.parse(json))).toEqual([['worker', '--queue', 'engine']]);
  });
});
