"""The peer of the rollout benchmarks: transformers' generate, one batch of samples for each line on stdin.

    python rollout.py job.json

with a Python that has torch and transformers. The job names a model folder, the prompts, samples a prompt, the length of
answers and the number of threads. Answers one JSON line when ready and one a batch. As in a PPO rollout, each token's
log-probability under the model is kept.
"""

import json
import sys
import time

import torch
import transformers


def main():
    job = json.load(open(sys.argv[1]))
    torch.set_num_threads(job["threads"])
    torch.set_num_interop_threads(1)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    model = transformers.AutoModelForCausalLM.from_pretrained(
        job["folder"], dtype=torch.float32, attn_implementation="sdpa"
    ).eval()
    prompts = job["prompts"]
    longest = max(map(len, prompts))
    padding = [[model.config.pad_token_id] * (longest - len(prompt)) for prompt in prompts]
    ids = torch.tensor([left + prompt for left, prompt in zip(padding, prompts)])
    mask = torch.tensor([[0] * len(left) + [1] * len(prompt) for left, prompt in zip(padding, prompts)])

    answer({"torch": torch.__version__, "transformers": transformers.__version__})
    for _ in sys.stdin:
        started = time.perf_counter()
        with torch.inference_mode():
            result = model.generate(
                input_ids=ids,
                attention_mask=mask,
                num_return_sequences=job["samples"],
                do_sample=True,
                temperature=1.0,
                top_k=0,
                top_p=1.0,
                max_new_tokens=job["answerTokens"],
                min_new_tokens=job["answerTokens"],
                output_logits=True,
                return_dict_in_generate=True,
            )
            tokens = result.sequences[:, longest:]
            log_probs = [
                logits.gather(1, tokens[:, step, None])[:, 0] - logits.logsumexp(-1)
                for step, logits in enumerate(result.logits)
            ]
        assert tokens.shape == (len(prompts) * job["samples"], job["answerTokens"]) and len(log_probs) == tokens.shape[1]
        answer({"seconds": time.perf_counter() - started})


def answer(fields):
    print(json.dumps(fields), flush=True)


if __name__ == "__main__":
    main()
