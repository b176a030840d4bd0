/** Tokenizers trained here: nothing lost, digits alone, the same in Hugging Face's Rust implementation. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { templatePieces } from '../../../../activities/data/format.js';
import { loadTokenizer } from '../../../../activities/data/tokenizer/loadTokenizer.js';
import { mergePairs } from '../../../../activities/data/tokenizer/mergePairs.js';
import { trainTokenizer } from '../../../../activities/data/tokenizer/trainTokenizer.js';
import { bytePattern } from '../../../../activities/data/tokenizer/wordPieces.js';
import { awkwardTexts, problemTexts } from './texts.js';

const kinds = ['word', 'bytePair'] as const;
const corpora = {
  program: await problemTexts('program'),
  'program with docstring': await problemTexts('program', true),
  natural: await problemTexts('natural'),
  awkward: awkwardTexts,
};
const cases = kinds.flatMap((kind) =>
  Object.entries(corpora).map(([name, texts]) => {
    const json = trainTokenizer(texts, { kind, vocabularySize: 700, templates: templatePieces });
    return { kind, name, texts, json, tokenizer: loadTokenizer(JSON.parse(JSON.stringify(json))) };
  }),
);

describe.each(cases)('$kind tokenizer of $name texts', ({ kind, texts, json, tokenizer }) => {
  it('gives every training text back', () => {
    for (const text of texts) expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });

  it('makes every digit a token of its own, the same wherever it stands', () => {
    const digits = [...'0123456789'].map((digit) => tokenizer.encode(digit));
    expect(digits.every((tokens) => tokens.length === 1)).toBe(true);
    expect(new Set(digits.flat()).size).toBe(10);
    const written = '31 x = 40\n    y = 592';
    const inText = tokenizer.encode(written).filter((token) => digits.flat().includes(token));
    expect(inText).toEqual([...written.replace(/\D/g, '')].flatMap((digit) => tokenizer.encode(digit)));
    for (const text of texts)
      for (const token of tokenizer.encode(text)) {
        const written = tokenizer.decode([token]);
        if (!templatePieces.includes(written)) expect(written).not.toMatch(/\d.|.\d/s);
      }
  });

  it('stops decoding at EOS and skips padding', () => {
    const [first = '', second = ''] = texts;
    const { encode, decode, endTokens, padToken } = tokenizer;
    expect(decode([padToken, ...encode(first), ...endTokens, ...encode(second), padToken])).toBe(first);
    expect(decode(endTokens)).toBe('');
    expect(decode([])).toBe('');
  });

  it('numbers its tokens from 0 without gaps', () => {
    const ids = Array.from({ length: tokenizer.vocabularySize }, (_, id) => id);
    const { vocab } = json.model as { readonly vocab: Readonly<Record<string, number>> };
    expect(Object.values(vocab).sort((a, b) => a - b)).toEqual(ids);
  });

  it('is trained the same again', () => {
    const again = trainTokenizer(texts, { kind, vocabularySize: 700, templates: templatePieces });
    expect(JSON.stringify(again)).toBe(JSON.stringify(json));
  });
});

describe('a boundary between prompt and answer', () => {
  it.each(kinds)('is where the texts meet, so training and generation see the same tokens (%s)', (kind) => {
    for (const texts of [corpora.program, corpora['program with docstring'], corpora.natural]) {
      const { encode, decode } = loadTokenizer(
        trainTokenizer(texts, { kind, vocabularySize: 700, templates: templatePieces }),
      );
      for (let index = 0; index < texts.length; index += 2) {
        const [prompt = '', answer = ''] = texts.slice(index, index + 2);
        const joined = [...encode(prompt), ...encode(answer)];
        expect(joined).toEqual(encode(prompt + answer));
        expect(decode(joined)).toBe(prompt + answer);
      }
    }
  });
});

describe('the word level', () => {
  const { encode, decode, vocabularySize } = loadTokenizer(
    trainTokenizer(corpora.program, { kind: 'word', vocabularySize: 2_000, templates: templatePieces }),
  );

  it('has about as many words as the problems need, and short sequences', () => {
    expect(vocabularySize).toBeLessThan(150);
    const mean = (start: number): number => {
      const lengths = corpora.program.filter((_, index) => index % 2 === start).map((text) => encode(text).length);
      return lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
    };
    expect(mean(0)).toBeLessThan(30);
    expect(mean(1)).toBeLessThan(22);
  });

  it('writes <unk> for a word it has not seen', () => {
    expect(decode(encode('Tom has 3 zebras. How many'))).toBe('Tom has 3<unk>. How <unk>');
  });

  it('keeps the most frequent words when there is no room for all', () => {
    const small = loadTokenizer(trainTokenizer(['a, a, b, c'], { kind: 'word', vocabularySize: 15, templates: [] }));
    expect(small.vocabularySize).toBe(15);
    expect(small.decode(small.encode('a, b'))).toBe('a, <unk>');
  });

  it('makes templates single tokens, the longest that fits', () => {
    const tokenizer = loadTokenizer(
      trainTokenizer(corpora['program with docstring'], {
        kind: 'word',
        vocabularySize: 700,
        templates: templatePieces,
      }),
    );
    expect(tokenizer.encode('def solution():\n    """')).toHaveLength(1);
    expect(encode('def solution():\n')).toHaveLength(1);
    expect(encode('\n    return result')).toHaveLength(1);
  });
});

describe('byte-pair encoding', () => {
  it('merges as in the worked example of Sennrich et al.: low ×5, lower ×2, newest ×6, widest ×3', () => {
    const letters = [...'deilnorstw'];
    const words = Object.entries({ low: 5, lower: 2, newest: 6, widest: 3 }).map(([word, count]) => ({
      symbols: [...word].map((letter) => letters.indexOf(letter)),
      count,
    }));
    const symbols = [...letters];
    const merges = mergePairs(words, letters.length, 6).map(({ left, right }) => {
      symbols.push(`${symbols[left]}${symbols[right]}`);
      return symbols.at(-1);
    });
    // es, st and so on tie at 9: smaller ids first.
    expect(merges).toEqual(['es', 'est', 'lo', 'low', 'ew', 'new']);
  });

  it('stops when no pair occurs twice', () => {
    expect(mergePairs([{ symbols: [1, 2, 3], count: 1 }], 4, 10)).toEqual([]);
  });

  it('counts overlapping repeats as it merges them', () => {
    const words = [{ symbols: [0, 0, 0, 0, 0], count: 2 }];
    expect(mergePairs(words, 1, 2)).toEqual([
      { left: 0, right: 0 },
      { left: 1, right: 0 },
    ]);
  });

  it('spells texts it has never seen', () => {
    const { encode, decode } = loadTokenizer(
      trainTokenizer(corpora.program, { kind: 'bytePair', vocabularySize: 400, templates: templatePieces }),
    );
    for (const text of awkwardTexts) expect(decode(encode(text))).toBe(text);
  });

  it('names the smallest vocabulary that works when given a smaller one', () => {
    expect(() => trainTokenizer(['a'], { kind: 'bytePair', vocabularySize: 64, templates: [] })).toThrow(
      /data\.tokenizer\.vocabularySize must be at least 258 for bytePair, got 64/,
    );
  });
});

describe('a tokenizer.json that is none', () => {
  it.each([[null], [{}], [{ model: { type: 'WordLevel', vocab: {} } }]])('is refused: %j', (json) => {
    expect(() => loadTokenizer(json)).toThrow(expect.objectContaining({ name: 'InvalidData' }));
  });
});

/** Set `REFT_PEER_PYTHON` to a Python that has the `tokenizers` package. */
const peer = process.env.REFT_PEER_PYTHON;

describe.skipIf(peer === undefined)("Hugging Face's Rust implementation", () => {
  const ask = (script: string, input: unknown): unknown => {
    const options = { input: JSON.stringify(input), encoding: 'utf8', maxBuffer: 2 ** 26 } as const;
    const { status, stdout, stderr } = spawnSync(peer ?? '', ['-c', script], options);
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  };

  it.each(cases)('encodes and decodes $kind, $name alike', ({ texts, json, tokenizer }) => {
    const script = `
import json, sys
from tokenizers import Tokenizer
given = json.load(sys.stdin)
tokenizer = Tokenizer.from_str(json.dumps(given["json"]))
ids = [tokenizer.encode(text).ids for text in given["texts"]]
json.dump({"ids": ids, "texts": [tokenizer.decode(one, skip_special_tokens=False) for one in ids]}, sys.stdout)`;
    expect(ask(script, { json, texts })).toEqual({ ids: texts.map((text) => tokenizer.encode(text)), texts });
  });

  it('learns the same merges', () => {
    const script = `
import json, sys
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers
given = json.load(sys.stdin)
tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
    pre_tokenizers.Split(Regex(given["pattern"]), "isolated"),
    pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
tokenizer.train_from_iterator(given["texts"], trainers.BpeTrainer(
    vocab_size=600, min_frequency=2, special_tokens=["<pad>", "</s>"],
    initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
json.dump(json.loads(tokenizer.to_str())["model"]["merges"], sys.stdout)`;
    const texts = corpora['program with docstring'];
    const { model } = trainTokenizer(texts, { kind: 'bytePair', vocabularySize: 600, templates: [] });
    expect(ask(script, { texts, pattern: bytePattern })).toEqual((model as { readonly merges: unknown }).merges);
  });
});
