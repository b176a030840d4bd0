/** transformers.js as a user has it: a folder's tokenizer and model, loaded without options. */
import {
  AutoModelForCausalLM,
  AutoTokenizer,
  env,
  type PreTrainedTokenizer,
  type Tensor,
} from '@huggingface/transformers';

env.allowRemoteModels = false;

/**
 * Texts with what transformers.js appends to them greedily, in one batch, by the model in `<root>/<name>`.
 *
 * In a batch transformers.js goes on with a text that has ended until all have; alone a text ends where the model ends it.
 */
export async function askTransformersJs(root: string, name: string, texts: readonly string[], tokens: number) {
  env.localModelPath = root;
  const tokenizer: PreTrainedTokenizer = await AutoTokenizer.from_pretrained(name);
  const model = await AutoModelForCausalLM.from_pretrained(name);
  tokenizer.padding_side = 'left';
  const inputs = tokenizer([...texts], { padding: true, add_special_tokens: false });
  const output = (await model.generate({ ...inputs, max_new_tokens: tokens })) as Tensor;
  await model.dispose();
  const rows: number[][] = output.tolist().map((row: bigint[]) => row.map(Number));
  const [, width = 0] = inputs.input_ids.dims;
  return {
    prompts: texts.map((text) => tokenizer.encode(text, { add_special_tokens: false })),
    answers: rows.map((row) => row.slice(width)),
    texts: rows.map((row) => tokenizer.decode(row.slice(width), { skip_special_tokens: true })),
  };
}
