/** JSON that strangers wrote: bounds, and problems that show nothing of what was read. */
import { describe, expect, it } from 'vitest';
import { changeParts, parseForeignJson, readForeignJson, repeatedName } from '../../activities/foreignJson.js';

const MiB = 2 ** 20;
const bytes = (text: string): Uint8Array => Buffer.from(text);

describe('JSON of strangers', () => {
  it('is parsed as JSON', () => {
    const value = { a: [1, 'x"[[[', null, { b: '\\' }], é: '\u2028' };
    expect(parseForeignJson(JSON.stringify(value))).toEqual({ value });
    expect(readForeignJson(bytes(`\ufeff${JSON.stringify(value, null, 1)}`), MiB)).toEqual({ value });
  });

  it('may nest 64 deep, brackets in texts not counted', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect(parseForeignJson(nested(64))).toHaveProperty('value');
    expect(parseForeignJson(nested(65))).toEqual({ problem: 'nests lists or records more than 64 deep' });
    expect(parseForeignJson('{"a":'.repeat(100_000))).toEqual({ problem: 'nests lists or records more than 64 deep' });
    expect(parseForeignJson(JSON.stringify('['.repeat(1_000)))).toHaveProperty('value');
    expect(parseForeignJson(nested(33), 32)).toHaveProperty('problem');
  });

  it.each([
    ['no JSON, whose content is not shown', 'root:x:0:0', /^is not JSON(, at position \d+)?$/],
    ['cut', '{"a": 1', /^is not JSON/],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22]), /^is not JSON: it is not UTF-8$/],
    ['too large', ' '.repeat(MiB + 1), /^is larger than 1 MiB/],
    ['a million lists', `[${'[],'.repeat(300_000)}[]]`, /more lists and records than/],
  ])('is refused: %s', (_, content, problem) => {
    expect(readForeignJson(Buffer.from(content as string), MiB)).toEqual({ problem: expect.stringMatching(problem) });
  });

  it('is refused with a text of many megabytes', () => {
    expect(parseForeignJson(`["${'x'.repeat(2 * MiB + 1)}"]`)).toEqual({
      problem: expect.stringMatching(/^has a text of more than/),
    });
  });

  it('tells a name that a record has twice, but not one further in', () => {
    expect(repeatedName(bytes('{"a":{"b":1,"b":2},"b":[{"a":3}],"\\u0061":4}'))).toBe('a');
    expect(repeatedName(bytes('{"a":{"a":1},"b":"a","c":":"}'))).toBeUndefined();
  });

  it('can be changed between its texts', () => {
    const text = '[NaN, "NaN \\" NaN", {"NaN": NaN}, "NaN';
    expect(changeParts(text, (part) => part.replaceAll('NaN', '0'))).toBe('[0, "NaN \\" NaN", {"NaN": 0}, "NaN');
    expect(
      changeParts(
        text,
        (part) => part,
        () => '_',
      ),
    ).toBe('[NaN, _, {_: NaN}, _');
  });
});
