"""Tokenizers built as those of published models are, small ones, with what Hugging Face's own implementation makes of some texts.

    python test/reference/tokenizer_fixtures.py

with a Python that has the packages of requirements.txt. Writes fixtures/tokenizer-NAME.json:
- llama: SentencePiece's BPE as it was converted at first: spaces become U+2581 in the normaliser, one is put before the text,
  characters without a token are spelt in bytes;
- codellama: the same as it is converted now, by the pre-tokenizer Metaspace, which puts no space before a text that begins with one.
  Decoding would take that one away, so such a text is encoded with one more;
- gemma: the same with nothing before a text, and split behind spaces;
- galactica: byte-level BPE behind splits at a marker, at every digit, at brackets and operators and at line ends;
- gpt2: byte-level BPE with its own pattern; roberta: the same with a space put before a text, and with added tokens of every kind;
- qwen2: byte-level BPE behind NFC and a pattern; smollm2: behind single digits;
- t5: Unigram behind Metaspace and SentencePiece's normaliser with some rules; bert: WordPiece behind BERT's normaliser; words: whole words.

`ids` are those of a text that somebody wrote (no special token in it), `marked` those of a template's text.
"""

import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

FOLDER = Path(__file__).parent / "fixtures"
CORPUS = [
    "Question:\nTom has 12 apples and eats 5. How many apples are left?\nAnswer reasoning:\n",
    "def solution():\n    apples = 12\n    eaten = 5\n    result = apples - eaten\n    return result\n",
    "Mary buys 3 books for 4.50 dollars each. How much does she pay? Therefore, the answer is: 13.5",
    "def solution():\n    price = 4.50\n    books = 3\n    return books * price\n",
]
TEXTS = [
    "Tom eats 5 apples.",
    "def solution():\n    result = 12 - 5\n    return result\n",
    "",
    " ",
    "  two spaces, \ttab  and\n\n\ntwo lines ",
    "3.14159 + 2(7)",
    "Zwölf Äpfel: 你好 🍎",
    "\u2581 a lower one eighth block",
    "answer</s> after the end",
    "<s>[INST] How many? [/INST]",
    "x<unk>y",
    "\ufeffx \ufeff",
    "a\u0085b \u00a0c\u2003d\u3000e\ufefff",
    "a cat concatenates, cat. Cat cat_ \u00e9cat cat",
    "x  <left>  y  <right>  z <both> w<left>\n<right>",
    "ΣΊΣΥΦΟΣ İı ſ ﬁ Å e\u0301 1½² ٣٥ Ⅳ",
    "<0xEF><0xBB><0xBF> <0x41> \x00\x07\x7f \ufffd",
    "don't DON'T we'll 1,000,000 a_b __init__ x==1!=2 $& $1 ...",
    "<|im_start|>user\nhi<|im_end|>\n</s>",
    "👩\u200d👩\u200d👧 🇩🇪 हिन्दी العربية ไทย ㌔ ｱ ＜／s＞",
    "    indented\n\n        more\r\n\tx  \n",
    "<pad></s ><s >",
]


def save(name, tokenizer, keep_first_space=False):
    def encoded(text, written):
        tokenizer.encode_special_tokens = written
        given = " " + text if written and keep_first_space and text.startswith(" ") else text
        return tokenizer.encode(given, add_special_tokens=False).ids

    cases = []
    for text in TEXTS:
        ids = encoded(text, True)
        decoded = tokenizer.decode(ids, skip_special_tokens=False)
        cases.append({"text": text, "ids": ids, "marked": encoded(text, False), "decoded": decoded})
    made_by = "test/reference/tokenizer_fixtures.py"
    fixture = {"madeBy": made_by, "tokenizer": json.loads(tokenizer.to_str()), "cases": cases}
    path = FOLDER / f"tokenizer-{name}.json"
    path.write_text(json.dumps(fixture, ensure_ascii=False, separators=(",", ":")) + "\n")
    print(f"{path.name}: {path.stat().st_size / 1024:.0f} KiB")


def sentence_piece(spaces):
    """Trained as any BPE, and then given a token for every byte, before the pieces, as SentencePiece numbers them."""
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.Metaspace()
    trained.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=220, show_progress=False))
    model = json.loads(trained.to_str())["model"]
    pieces = sorted(model["vocab"], key=model["vocab"].get)
    # A run of spaces is one piece, as it is in Llama's vocabulary.
    merges = [tuple(merge) for merge in model["merges"]] + [("▁", "▁"), ("▁▁", "▁▁")]
    names = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *pieces]
    names += [piece for piece in ("▁▁", "▁▁▁▁") if piece not in pieces]
    vocabulary = {piece: index for index, piece in enumerate(names)}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    if spaces == "metaspace":
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    elif spaces == "kept":
        tokenizer.normalizer = normalizers.Replace(" ", "▁")
        tokenizer.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_previous")
    else:
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    parts = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    tokenizer.decoder = decoders.Sequence(parts if spaces == "kept" else [*parts, decoders.Strip(" ", 1, 0)])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    tokenizer.add_special_tokens([AddedToken(name, normalized=False) for name in ("<unk>", "<s>", "</s>")])
    return tokenizer


def galactica():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split("SPL1T-TH1S-Pl3A5E", "removed"),
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.Split(Regex(r"[\(\)\[\]\{\}]|([+\-*/=<>!%])\1*"), "isolated"),
            pre_tokenizers.Split("\n", "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        CORPUS,
        trainers.BpeTrainer(
            vocab_size=420,
            special_tokens=["<s>", "<pad>", "</s>", "<unk>"],
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        ),
    )
    return tokenizer


QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def byte_level(pre_tokenizer, special, normalizer=None, ignore_merges=False, added=()):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(
        CORPUS, trainers.BpeTrainer(vocab_size=340, initial_alphabet=alphabet, show_progress=False)
    )
    # Behind the others, as in Qwen2 and Llama 3, whose models know nothing of them.
    tokenizer.add_special_tokens([AddedToken(text, normalized=False) for text in special])
    tokenizer.add_tokens(list(added))
    return tokenizer


def roberta():
    added = [
        AddedToken("cat", single_word=True, normalized=False),
        AddedToken("<left>", lstrip=True, normalized=False),
        AddedToken("<right>", rstrip=True, normalized=True),
        AddedToken("<both>", lstrip=True, rstrip=True, normalized=False),
    ]
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    return byte_level(pre_tokenizers.ByteLevel(add_prefix_space=True), special, added=added)


# Of characters and sequences, in hexadecimal: what becomes of them. Of more than one character, of none, and prefixes of others.
RULES = {
    "FF21": "41", "FB01": "66 69", "2460": "31", "3000": "20", "A0": "20", "9": "20", "A": "20", "D": "20", "AD": "", "200B": "",
    "FEFF": "", "65 301": "E9", "212B": "C5", "2162": "49 49 49", "FF1C": "3C", "FF0F": "2F", "FF1E": "3E", "1F34E": "1F34F",
    "FF71": "30A2", "E9": "E8", "78 78": "79", "3A3": "3C3",
}


def charsmap():
    """The table that SentencePiece makes of the rules."""
    with TemporaryDirectory() as folder:
        rules = Path(folder, "rules.tsv")
        rules.write_text("".join(f"{source}\t{target}\n" for source, target in RULES.items()))
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(CORPUS * 20), model_writer=model, vocab_size=60, normalization_rule_tsv=str(rules),
            hard_vocab_limit=False, minloglevel=2,
        )
    return sentencepiece_model_pb2.ModelProto.FromString(model.getvalue()).normalizer_spec.precompiled_charsmap


def t5():
    """With scores by rule: a trainer's differ in the last digits from run to run."""
    letters = sorted(set("".join([*CORPUS, *TEXTS])) - set(" \0") | {"▁"})
    words = sorted({"▁" + word for text in CORPUS for word in text.split()} | {"▁x", "▁y", "ing", "pp", "es", "s."})
    scored = [(name, -2 - len(name) / 8 - index / 1000) for index, name in enumerate([*words, *letters])]
    special = ["<pad>", "</s>", "<unk>"]
    tokenizer = Tokenizer(models.Unigram([*((name, 0.0) for name in special), *scored], unk_id=2))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Precompiled(charsmap())])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens(special)
    return tokenizer


def bert():
    normalizer = normalizers.BertNormalizer(lowercase=True)
    pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    pieces = {piece for text in [*CORPUS, *TEXTS] for piece, _ in pre_tokenizer.pre_tokenize_str(normalizer.normalize_str(text))}
    letters = sorted(set("".join(pieces)))
    # The trainer's choice among equals differs from run to run.
    starts = sorted({piece[:3] for piece in pieces if len(piece) > 3})
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "</s>"]
    names = [*special, *letters, *(f"##{letter}" for letter in letters if letter != "व"), *starts]
    vocabulary = {name: index for index, name in enumerate(dict.fromkeys(names))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=12))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.WordPiece(cleanup=False)
    tokenizer.add_special_tokens(special)
    return tokenizer


def words():
    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Strip(), normalizers.Replace("$", "$$ USD $&"), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.Punctuation(), pre_tokenizers.Digits()]
    )
    special = ["[PAD]", "[UNK]", "</s>"]
    tokenizer.train_from_iterator([*CORPUS, *TEXTS], trainers.WordLevelTrainer(vocab_size=140, special_tokens=special, show_progress=False))
    return tokenizer


if __name__ == "__main__":
    save("llama", sentence_piece("prepended"))
    save("codellama", sentence_piece("metaspace"), keep_first_space=True)
    save("gemma", sentence_piece("kept"))
    save("galactica", galactica())
    chat = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    save("gpt2", byte_level(pre_tokenizers.ByteLevel(add_prefix_space=False), ["<|endoftext|>"]))
    save("roberta", roberta())
    split = pre_tokenizers.Split(Regex(QWEN2), "isolated")
    plain = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    save("qwen2", byte_level(pre_tokenizers.Sequence([split, plain]), chat, normalizers.NFC(), ignore_merges=True))
    digits = pre_tokenizers.Digits(individual_digits=True)
    save("smollm2", byte_level(pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)]), chat))
    save("t5", t5(), keep_first_space=True)
    save("bert", bert())
    save("words", words())
