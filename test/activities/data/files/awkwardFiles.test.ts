/** Files as they come out of spreadsheets, scripts and browsers: each is read, or refused with its reason. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { dataFileSchema } from '../../../../workflows/config/data.js';
import { fileAccess, readDataFile } from '../sourceAccess.js';

const directory = mkdtempSync(join(tmpdir(), 'reft-awkward-'));
afterAll(() => rmSync(directory, { recursive: true }));

async function valuesOf(name: string, content: string | Uint8Array, format?: string): Promise<unknown[]> {
  writeFileSync(join(directory, name), content);
  const file = dataFileSchema.parse(format === undefined ? name : { from: name, format });
  const { rows } = await readDataFile(file, fileAccess(directory));
  return rows.map((row) => ('value' in row ? row.value : row.problem));
}

const good = { q: '1+1?', a: '2' };

describe('CSV', () => {
  it.each<[string, string, unknown[]]>([
    ['a byte-order mark, semicolons and CRLF', '\ufeffq;a\r\n1+1?;2\r\n', [good]],
    ['a byte-order mark before a quoted name', '\ufeff"q","a"\n1+1?,2\n', [good]],
    ['spaces around names', ' q , a \n1+1?,2\n', [good]],
    ['a hint of its delimiter', 'sep=;\nq;a\n1+1?;2\n', [good]],
    ['no line break at its end', 'q,a\n1+1?,2', [good]],
    ['blank lines', '\nq,a\n\n1+1?,2\n\n', [good]],
    ['empty values', 'q,a\n,\n1+1?,2\n', [{ q: '', a: '' }, good]],
    ['a column without a name', ',q,a\n0,1+1?,2\n', [{ '': '0', ...good }]],
    ['a name twice', 'q,a,a\n1+1?,2,3\n', [{ ...good, 'a.1': '3' }]],
    [
      'names of objects',
      'q,__proto__,constructor\n1+1?,x,y\n',
      [
        Object.fromEntries([
          ['q', '1+1?'],
          ['__proto__', 'x'],
          ['constructor', 'y'],
        ]),
      ],
    ],
    [
      'decimal commas between semicolons',
      'q;a\n1,5 + 1,5?;3,0\n2,5?;2,5\n',
      [
        { q: '1,5 + 1,5?', a: '3,0' },
        { q: '2,5?', a: '2,5' },
      ],
    ],
    ['a tab within a quoted value', 'q,a\n"1+\t1?",2\n', [{ q: '1+\t1?', a: '2' }]],
    ['a delimiter and a quote within a value', 'q,a\n"say ""1,1""?",2\n', [{ q: 'say "1,1"?', a: '2' }]],
    ['a line break within a value, with CRLF', 'q,a\r\n"1+\r\n1?",2\r\n', [{ q: '1+\r\n1?', a: '2' }]],
    ['a quote that never closes', 'q,a\n"1+1?,2\n1+1?,2\n', ['a quote of the row is never closed', good]],
    ['values behind the last column', 'q,a\n1+1?,2,\n1+1?,2\n', ['row has not the 2 columns of the first line', good]],
    ['a zero byte in a value', 'q,a\n1\0?,2\n', [{ q: '1\0?', a: '2' }]],
  ])('with %s', async (_, content, expected) => {
    expect(await valuesOf('rows.csv', content)).toEqual(expected);
  });

  it('with text that is no UTF-8 loses that row', async () => {
    const latin = Buffer.from('q,a\ncaf\xe9?,2\n1+1?,2\n', 'latin1');
    expect(await valuesOf('rows.csv', latin)).toEqual(['text is not UTF-8', good]);
  });
});

describe('JSON Lines', () => {
  const line = JSON.stringify(good);
  it.each<[string, string, unknown[]]>([
    ['CRLF', `${line}\r\n${line}\r\n`, [good, good]],
    ['a byte-order mark', `\ufeff${line}\n`, [good]],
    ['a byte-order mark on each line, as files put together have', `\ufeff${line}\n\ufeff${line}\n`, [good, good]],
    ['half a surrogate pair, as Python writes it', `{"q":"\\ud83d?","a":"2"}\n`, [{ q: '\ud83d?', a: '2' }]],
    ['U+2028 and U+0085 in texts', '{"q":"1\u2028\u00851","a":"2"}\n', [{ q: '1\u2028\u00851', a: '2' }]],
    ['an escaped zero', '{"q":"\\u0000","a":"2"}\n', [{ q: '\0', a: '2' }]],
    ['a name twice: the last counts, as in Python', '{"q":"0","q":"1+1?","a":"2"}\n', [good]],
    [
      'whole numbers beyond what is exact',
      '{"q":"123 12345678901234567890","a":12345678901234567890}\n',
      [{ q: '123 12345678901234567890', a: '12345678901234567890' }],
    ],
    [
      'negative ones in lists, and fractions beside them',
      '{"q":[-12345678901234567891,0.12345678901234566],"a":1e22}\n',
      [{ q: ['-12345678901234567891', 0.12345678901234566], a: 1e22 }],
    ],
    ['large numbers that are exact', '{"q":"x","a":9007199254740991}\n', [{ q: 'x', a: 9_007_199_254_740_991 }]],
    [
      'a comma behind each row',
      `${line},\n${line}\n`,
      ['line is not JSON, which has no comma behind what is last', good],
    ],
    [
      'a comma behind the last value',
      `{"q":"1+1?","a":"2",}\n${line}\n`,
      ['line is not JSON, which has no comma behind what is last', good],
    ],
    [
      'Python’s quotes',
      `{'q': '1+1?', 'a': '2'}\n${line}\n`,
      ['line is not JSON, which has texts in double quotes', good],
    ],
    ['two rows on a line', `${line}${line}\n${line}\n`, ['line is not JSON', good]],
    ['a comment', `// rows\n${line}\n`, ['line is not JSON', good]],
    ['values that are no rows', `5\n"x"\nnull\n${line}\n`, [5, 'x', null, good]],
    ['NaN in a text', '{"q":"NaN, Infinity","a":"2"}\n', [{ q: 'NaN, Infinity', a: '2' }]],
    ['NaN in a list', `{"q":[1,NaN],"a":"2"}\n${line}\n`, ['line is not JSON, which has no NaN', good]],
    ['a value that is cut', `${line}\n{"q":"1+`, [good, 'line is not JSON']],
  ])('with %s', async (_, content, expected) => {
    expect(await valuesOf('rows.jsonl', content)).toEqual(expected);
  });

  it('that is said to be so, and is an array', async () => {
    expect(await valuesOf('rows.txt', `[\n${line},\n${line}\n]`, 'jsonl')).toEqual([good, good]);
  });

  it('with bytes of half a surrogate pair loses that row', async () => {
    const bytes = Buffer.concat([Buffer.from('{"q":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from(`"}\n${line}\n`)]);
    expect(await valuesOf('rows.jsonl', bytes)).toEqual(['text is not UTF-8', good]);
  });
});

describe('a JSON array', () => {
  it.each<[string, string, unknown[]]>([
    ['a comma behind the last row', `[${JSON.stringify(good)},\n]`, [good]],
    [
      'a comma behind the last value',
      `[{"q":"1+1?","a":"2",}, ${JSON.stringify(good)}]`,
      ['row is not JSON, which has no comma behind what is last', good],
    ],
    ['a byte-order mark and CRLF', `\ufeff[\r\n${JSON.stringify(good)}\r\n]\r\n`, [good]],
    [
      'whole numbers beyond what is exact',
      '[{"q":"x","a":-99999999999999999999}]',
      [{ q: 'x', a: '-99999999999999999999' }],
    ],
  ])('with %s', async (_, content, expected) => {
    expect(await valuesOf('rows.json', content)).toEqual(expected);
  });
});

describe('gzip', () => {
  const rows = gzipSync(`${JSON.stringify(good)}\n`);
  it('of several parts, one behind the other', async () => {
    expect(await valuesOf('rows.jsonl.gz', Buffer.concat([rows, rows]))).toEqual([good, good]);
  });

  it('in name only', async () => {
    expect(await valuesOf('rows.jsonl.gz', JSON.stringify(good))).toEqual([good]);
  });

  it.each([
    ['cut in its head', rows.subarray(0, 8)],
    ['cut in its end', rows.subarray(0, -4)],
    ['of another checksum', Buffer.concat([rows.subarray(0, -8), Buffer.alloc(8)])],
  ])('%s is refused', async (_, content) => {
    await expect(valuesOf('rows.jsonl.gz', content)).rejects.toMatchObject({
      name: 'InvalidData',
      message: expect.stringMatching(/^rows\.jsonl\.gz cannot be unpacked: /),
    });
  });
});

describe('what is no data is refused with what it is', () => {
  it.each<[string, string | Uint8Array, string]>([
    ['page.csv', '<!DOCTYPE html>\n<html><body>Sign in</body></html>', 'it is a web page'],
    ['page.jsonl', '\n<html lang="en">', 'it is a web page'],
    ['rows.jsonl', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 1, 2]), 'it is compressed by zstd; only gzip is unpacked'],
    ['rows.csv', 'BZh91AY', 'it is compressed by bzip2; only gzip is unpacked'],
    ['rows.jsonl.xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]), 'it is compressed by xz; only gzip is unpacked'],
    ['rows.parquet.zip', 'PK\x03\x04', 'it is a ZIP archive or a spreadsheet'],
    ['pointer.jsonl', 'version https://git-lfs.github.com/spec/v1\noid sha256:00\n', 'it is a pointer of Git LFS'],
    ['wide.jsonl', Buffer.from(`\ufeff${JSON.stringify(good)}\n`, 'utf16le'), 'it is UTF-16; save it as UTF-8'],
    ['unmarked.jsonl', Buffer.from(`${JSON.stringify(good)}\n`, 'utf16le'), 'it is UTF-16 or no text'],
    ['mac.csv', 'q,a\r1+1?,2\r', 'its lines end with a carriage return alone'],
  ])('%s', async (name, content, reason) => {
    await expect(valuesOf(name, content)).rejects.toMatchObject({
      name: 'InvalidData',
      message: expect.stringContaining(`${name} cannot be read: ${reason}`),
    });
  });
});
