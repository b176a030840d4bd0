"""The peer of the rollout benchmark: transformers' generate on its Llama, one batch of samples for each line on stdin.

    python rollout.py job.json

with a Python that has torch, transformers and safetensors. The job names the model's config, its parameters (the file our
side starts from), the prompts, the length of answers and the number of threads. Answers one JSON line when ready and one a
batch. As in a PPO rollout, each token's log-probability is kept.
"""

import json
import sys
import time

import torch
import transformers
from safetensors.torch import load_file


def main():
    job = json.load(open(sys.argv[1]))
    torch.set_num_threads(job["threads"])
    torch.set_num_interop_threads(1)
    fields = dict(job["config"])
    theta = fields.pop("rope_theta")
    config = transformers.LlamaConfig(
        **fields, rope_parameters={"rope_type": "default", "rope_theta": theta}, attn_implementation="sdpa"
    )
    model = transformers.LlamaForCausalLM(config).float().eval()
    weights = load_file(job["parameters"])
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
    prompts = job["prompts"]
    longest = max(map(len, prompts))
    padding = [[config.pad_token_id] * (longest - len(prompt)) for prompt in prompts]
    ids = torch.tensor([left + prompt for left, prompt in zip(padding, prompts)])
    mask = torch.tensor([[0] * len(left) + [1] * len(prompt) for left, prompt in zip(padding, prompts)])

    answer({"torch": torch.__version__, "transformers": transformers.__version__})
    for _ in sys.stdin:
        started = time.perf_counter()
        with torch.inference_mode():
            result = model.generate(
                input_ids=ids,
                attention_mask=mask,
                do_sample=True,
                top_k=0,
                max_new_tokens=job["answerTokens"],
                min_new_tokens=job["answerTokens"],
                output_logits=True,
                return_dict_in_generate=True,
            )
            tokens = result.sequences[:, longest:]
            logits = torch.stack(result.logits, dim=1)
            logits.log_softmax(-1).gather(2, tokens[:, :, None])
        assert tokens.shape[1] == job["answerTokens"]
        answer({"seconds": time.perf_counter() - started})


def answer(fields):
    print(json.dumps(fields), flush=True)


if __name__ == "__main__":
    main()
