"""Conversations put through published chat templates by transformers: the text and its tokens, or why the template refuses.

    python test/reference/chat_template_fixtures.py

with a Python that has the packages of requirements.txt. Reads templates/NAME.jinja and the tokenizers of tokenizer_fixtures.py, each with
the control tokens of the template; writes fixtures/chat-templates.json.
"""

import json
from pathlib import Path

from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

FOLDER = Path(__file__).parent
CHATML = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
LLAMA3 = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
GEMMA = ["<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>", "<start_of_image>"]
# Tokenizer, control tokens, beginning and end tokens that tokenizer_config.json names, what ends a turn.
TEMPLATES = {
    "qwen2.5": ("qwen2", CHATML, None, "<|im_end|>", "<|im_end|>"),
    "qwen3": ("qwen2", CHATML, None, "<|im_end|>", "<|im_end|>"),
    "llama3": ("gpt2", LLAMA3, "<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"),
    "mistral": ("llama", ["<s>", "</s>", "[INST]", "[/INST]"], "<s>", "</s>", "</s>"),
    "smollm2": ("smollm2", CHATML, "<|im_start|>", "<|im_end|>", "<|im_end|>"),
    "gemma2": ("gemma", GEMMA, "<bos>", "<eos>", "<end_of_turn>"),
    "gemma3": ("gemma", GEMMA, "<bos>", "<eos>", "<end_of_turn>"),
}
SYSTEM = {"role": "system", "content": "Answer in one line.\n\nBe \"brief\"; 你好 🙂"}
USER = {"role": "user", "content": "Tom has 12 apples and eats 5.\n\nHow many are left?"}
SAID = {"role": "assistant", "content": "12 - 5 = 7. Therefore, the answer is: 7"}
SPACED = {"role": "user", "content": "  \n And of 3 books at 4.50 dollars? \\n {{ x }} \t"}
CODE = {"role": "assistant", "content": "def solution():\n    books = 3\n    return books * 4.5"}
THOUGHT = {"role": "assistant", "content": "<think>\nThree times.\n</think>\n\n13.5"}
CONVERSATIONS = [
    [USER],
    [SYSTEM, USER],
    [USER, SAID],
    [USER, SAID, SPACED],
    [SYSTEM, USER, SAID, SPACED],
    [SYSTEM, USER, SAID, SPACED, CODE],
    [USER, SAID, SPACED, THOUGHT],
    [SPACED],
    [USER, USER],
    [USER, SAID, {"role": "tool", "content": "7"}],
]


def rendered(tokenizer, messages):
    opens = messages[-1]["role"] != "assistant"
    try:
        text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=opens)
    except Exception as error:
        return {"messages": messages, "problem": str(error)}
    tokens = tokenizer.apply_chat_template(messages, tokenize=True, add_generation_prompt=opens, return_dict=False)
    return {"messages": messages, "text": text, "tokens": tokens}


def main():
    fixtures = {}
    for name, (base, special, begin, end, turn_end) in TEMPLATES.items():
        backend = json.loads((FOLDER / f"fixtures/tokenizer-{base}.json").read_text())["tokenizer"]
        backend = Tokenizer.from_str(json.dumps(backend))
        backend.add_special_tokens(special)
        added = json.loads(backend.to_str())["added_tokens"]
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, bos_token=begin, eos_token=end)
        tokenizer.chat_template = (FOLDER / f"templates/{name}.jinja").read_text()
        fixtures[name] = {
            "tokenizer": base,
            "addedTokens": added,
            "config": {**({} if begin is None else {"bos_token": begin}), "eos_token": end},
            "turnEnd": backend.token_to_id(turn_end),
            "cases": [rendered(tokenizer, messages) for messages in CONVERSATIONS],
        }
    fixture = {"madeBy": "test/reference/chat_template_fixtures.py", "templates": fixtures}
    path = FOLDER / "fixtures/chat-templates.json"
    path.write_text(json.dumps(fixture, ensure_ascii=False, separators=(",", ":")) + "\n")
    print(f"{path.name}: {path.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
