"""The peer of the rollout benchmarks on llama.cpp, through its Python package, in float32.

    python rollout_llama.py job.json

with a Python that has llama-cpp-python, gguf, safetensors and numpy. The job is rollout.py's, of a Llama model, and answers
are the same. Sequences are decoded together, a token each a call; tokens are drawn from the softmax in numpy, whose cost is
printed as part of the time (a few per cent), and their log-probabilities kept.
"""

import ctypes
import json
import os
import sys
import tempfile
import time

import gguf
import llama_cpp
import numpy as np
import torch
from safetensors.torch import load_file


def main():
    job = json.load(open(sys.argv[1]))
    llama_cpp.llama_log_set(quiet, ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.gguf")
        write_gguf(job["folder"], path)
        options = llama_cpp.llama_model_default_params()
        model = llama_cpp.llama_model_load_from_file(path.encode(), options)
    assert model, "llama.cpp does not load the model"
    vocabulary = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))
    prompts = [prompt for prompt in job["prompts"] for _ in range(job["samples"])]
    length = max(map(len, prompts)) + job["answerTokens"]
    options = llama_cpp.llama_context_default_params()
    options.n_ctx = -(-length // 256) * 256 * len(prompts)
    options.n_seq_max = len(prompts)
    options.n_batch = options.n_ubatch = 512
    options.n_threads = options.n_threads_batch = job["threads"]
    context = llama_cpp.llama_init_from_model(model, options)
    assert context, "llama.cpp makes no context"
    batch = llama_cpp.llama_batch_init(options.n_batch, 0, 1)

    answer({"llama_cpp": llama_cpp.__version__})
    generator = np.random.default_rng(0)
    for _ in sys.stdin:
        started = time.perf_counter()
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), True)
        log_probs = rollout(context, batch, options.n_batch, prompts, job["answerTokens"], vocabulary, generator)
        assert np.isfinite(log_probs).all()
        answer({"seconds": time.perf_counter() - started})


def rollout(context, batch, most, prompts, answer_tokens, vocabulary, generator):
    beginnings = [
        (token, position, row) for row, prompt in enumerate(prompts) for position, token in enumerate(prompt[:-1])
    ]
    for start in range(0, len(beginnings), most):
        decode(context, batch, beginnings[start : start + most], 0)
    tokens = [prompt[-1] for prompt in prompts]
    kept = []
    for step in range(answer_tokens):
        places = [(token, len(prompts[row]) - 1 + step, row) for row, token in enumerate(tokens)]
        decode(context, batch, places, 1)
        pointer = llama_cpp.llama_get_logits(context)
        logits = np.ctypeslib.as_array(pointer, shape=(len(prompts), vocabulary))
        chosen, log_probs = draw(logits, generator)
        tokens = chosen.tolist()
        kept.append(log_probs)
    return np.stack(kept)


def decode(context, batch, places, wants_logits):
    batch.n_tokens = len(places)
    for index, (token, position, row) in enumerate(places):
        batch.token[index] = token
        batch.pos[index] = position
        batch.n_seq_id[index] = 1
        batch.seq_id[index][0] = row
        batch.logits[index] = wants_logits
    assert llama_cpp.llama_decode(context, batch) == 0


def draw(logits, generator):
    shifted = logits - logits.max(axis=1, keepdims=True)
    weights = np.exp(shifted)
    cumulative = weights.cumsum(axis=1, dtype=np.float64)
    total = cumulative[:, -1]
    drawn = [np.searchsorted(row, limit, side="right") for row, limit in zip(cumulative, generator.random(len(total)) * total)]
    chosen = np.array(drawn)
    return chosen, shifted[np.arange(len(chosen)), chosen] - np.log(total)


def write_gguf(folder, path):
    """The model in llama.cpp's file format, every tensor in float32. It has no tokenizer: prompts are tokens."""
    config = json.load(open(os.path.join(folder, "config.json")))
    heads, key_value_heads = config["num_attention_heads"], config["num_key_value_heads"]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(key_value_heads)
    writer.add_rope_dimension_count(config["hidden_size"] // heads)
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])
    writer.add_tokenizer_model("no_vocab")
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config["num_hidden_layers"])
    for name, tensor in load_file(os.path.join(folder, "model.safetensors")).items():
        values = tensor.to(torch.float32).numpy()
        if name.endswith("q_proj.weight"):
            values = interleaved(values, heads)
        if name.endswith("k_proj.weight"):
            values = interleaved(values, key_value_heads)
        writer.add_tensor(names.get_name(name, try_suffixes=(".weight",)), np.ascontiguousarray(values))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def interleaved(values, heads):
    """llama.cpp turns neighbours where Hugging Face turns halves of a head."""
    halves = values.reshape(heads, 2, values.shape[0] // heads // 2, values.shape[1])
    return halves.swapaxes(1, 2).reshape(values.shape)


@llama_cpp.llama_log_callback
def quiet(level, text, data):
    if level == 4:
        sys.stderr.write(text.decode())


def answer(fields):
    print(json.dumps(fields), flush=True)


if __name__ == "__main__":
    main()
