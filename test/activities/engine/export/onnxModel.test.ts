/** Exported ONNX files, run as any runtime would run them: transformers' logits, at once, token by token and padded. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { writeOnnxModel } from '../../../../activities/engine/export/writeOnnxModel.js';
import { ModelProto } from '../../../../activities/engine/graph/onnx/serialise.js';
import { languageModel, type ModelConfig, readConfig } from '../../../../activities/engine/models/index.js';
import { architectures, decodeTensors, readFixture, relativeError } from '../../../reference/fixtures.js';
import { temporaryFolder } from '../modelFolder.js';

type Past = Readonly<Record<string, Tensor>>;

/** An exported model as a function: rows of tokens, each row's padding on its left, behind a past that has none. */
async function opened(path: string, config: ModelConfig) {
  const session = await InferenceSession.create(path);
  const { attention } = languageModel(config);
  const empty = new Tensor('float32', [], [1, attention.keyValueHeads, 0, attention.size]);
  return async (rows: readonly (readonly number[])[], past: Past | null = null) => {
    const time = Math.max(...rows.map((row) => row.length));
    const before = past?.['present.0.key']?.dims[2] ?? 0;
    const padded = (fill: (row: readonly number[], index: number) => number): BigInt64Array =>
      BigInt64Array.from(
        rows.flatMap((row) => Array.from({ length: time }, (_, column) => fill(row, column - time + row.length))),
        BigInt,
      );
    const tensor = (values: BigInt64Array): Tensor => new Tensor('int64', values, [rows.length, time]);
    const mask = rows.flatMap((row) => [
      ...new Array(before).fill(1n),
      ...Array.from({ length: time }, (_, column) => BigInt(column >= time - row.length)),
    ]);
    const pasts = Object.fromEntries(
      session.inputNames
        .filter((name) => name.startsWith('past'))
        .map((name) => [
          name,
          past?.[name.replace('past_key_values', 'present')] ??
            new Tensor('float32', [], [rows.length, ...empty.dims.slice(1)]),
        ]),
    );
    const outputs = await session.run({
      input_ids: tensor(padded((row, index) => row[index] ?? 0)),
      position_ids: tensor(padded((_, index) => Math.max(0, index) + before)),
      attention_mask: new Tensor('int64', mask, [rows.length, before + time]),
      ...pasts,
    });
    const { logits } = outputs;
    if (!(logits?.data instanceof Float32Array)) throw new Error('no logits');
    return { logits: logits.data, past: outputs };
  };
}

describe.each(architectures)('%s as ONNX', (name) => {
  const fixture = readFixture(name);
  const config = readConfig(fixture.configJson, 'config.json');
  const parameters = decodeTensors(fixture.parameters);
  const vocabulary = languageModel(config).vocabularySize;
  /** Transformers' logits are those that predict the answer's tokens. */
  const cases = fixture.sequences.map(({ prompt, answer }, index) => ({
    tokens: [...prompt, ...answer].slice(0, -1),
    first: prompt.length - 1,
    expected: (fixture.logits[index] ?? []).flat(),
  }));

  it('gives transformers’ logits: at once, token by token, and in a padded batch', async () => {
    const folder = await temporaryFolder();
    expect(await writeOnnxModel(folder, config, parameters)).toEqual(['model.onnx']);
    const run = await opened(join(folder, 'model.onnx'), config);
    for (const { tokens, first, expected } of cases) {
      const { logits } = await run([tokens]);
      expect(relativeError(logits.subarray(first * vocabulary), expected)).toBeLessThan(1e-5);

      let { logits: latest, past } = await run([tokens.slice(0, first + 1)]);
      const steps = [...latest.subarray(first * vocabulary)];
      for (const token of tokens.slice(first + 1)) {
        ({ logits: latest, past } = await run([[token]], past));
        steps.push(...latest);
      }
      expect(relativeError(steps, expected)).toBeLessThan(1e-5);
    }
    const { logits } = await run(cases.map(({ tokens }) => tokens));
    const time = Math.max(...cases.map(({ tokens }) => tokens.length));
    for (const [row, { tokens, first, expected }] of cases.entries()) {
      const start = row * time + time - tokens.length + first;
      const own = logits.subarray(start * vocabulary, (row + 1) * time * vocabulary);
      expect(relativeError(own, expected)).toBeLessThan(1e-5);
    }
  });

  it('gives the same with its weights in several files', async () => {
    const [whole, parts] = [await temporaryFolder(), await temporaryFolder()];
    await writeOnnxModel(whole, config, parameters);
    const files = await writeOnnxModel(parts, config, parameters, 8_000);
    expect(files.slice(0, 3)).toEqual(['model.onnx', 'model.onnx_data', 'model.onnx_data_1']);
    expect((await readdir(parts)).sort()).toEqual([...files].sort());
    const [first] = cases;
    const [one, other] = [
      await opened(join(whole, 'model.onnx'), config),
      await opened(join(parts, 'model.onnx'), config),
    ];
    const tokens = [first?.tokens ?? []];
    expect((await other(tokens)).logits).toEqual((await one(tokens)).logits);
  });

  it('has no operators but ONNX’s own, and no input but those transformers.js feeds', async () => {
    const folder = await temporaryFolder();
    const [file = ''] = await writeOnnxModel(folder, config, parameters);
    const { opset_import: sets, graph } = ModelProto.toObject(ModelProto.decode(await readFile(join(folder, file))), {
      longs: Number,
    });
    expect(sets).toEqual([{ version: 18 }]);
    expect(graph.node.filter(({ domain = '' }) => domain !== '')).toEqual([]);
    const inputs: string[] = graph.input.map((one: { name: string }) => one.name);
    expect(inputs.filter((one) => !one.startsWith('past_key_values.'))).toEqual([
      'input_ids',
      'attention_mask',
      'position_ids',
    ]);
  });
});

it('a model that lacks a weight is not written', async () => {
  const fixture = readFixture('gpt2');
  const parameters = new Map(decodeTensors(fixture.parameters));
  parameters.delete('transformer.ln_f.bias');
  const writing = writeOnnxModel(await temporaryFolder(), readConfig(fixture.configJson, 'config.json'), parameters);
  await expect(writing).rejects.toThrow('tensor transformer.ln_f.bias is missing');
});
