"""Makes the word vectors in `core/assets/words/`: `python -m core.training.words MODEL`.

MODEL is the folder of the sentence model all-MiniLM-L6-v2 (config.json, model.safetensors, tokenizer.json). Every word
is read by it alone and as a sound, and keeps the mean of what it says (the recipe of model2vec: Minish Lab, 2024, MIT;
its format too: `model2vec.StaticModel` opens the folder). Two things differ: words are kept whole, as pieces of words
mean little alone, and "the sound of a bark" leans a word towards the sense that is heard.
"""

import argparse
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import words
from core.ontology import audioset

MORE_WORDS = Path(__file__).parent / "words.txt"  # of sounds, and too rare for the vocabulary of the sentence model
WHOLE_WORD = re.compile(r"[a-z]{2,}|808|909")
CONTEXTS = ("{}", "the sound of {}")
DIM = 128
RARITY = 1e-3  # SIF (Arora, Liang & Ma 2017): a word as frequent as this share of all text counts half
BATCH = 512
UNKNOWN = "[UNK]"


def vocabulary(tokens: Sequence[str], texts: Sequence[str]) -> list[str]:
    """The whole words to keep: those of a model's tokens, which come the most frequent first, then those of texts."""
    known = [token for token in tokens if WHOLE_WORD.fullmatch(token)]
    more = sorted({word for text in texts for word in words.words_of(text) if WHOLE_WORD.fullmatch(word)} - {*known})
    return known + more


def reduced(readings: Sequence[NDArray[np.float32]], dim: int = DIM) -> NDArray[np.float32]:
    """One vector per word from its readings in several contexts, each (n_words, width): float32 (n_words, dim).

    What all words share in a context is taken off; then come the directions in which words differ most (PCA).
    """
    total = np.zeros(readings[0].shape, np.float64)
    for reading in readings:
        centred = reading - reading.mean(axis=0, dtype=np.float64)
        total += centred / np.linalg.norm(centred, axis=1, keepdims=True)
    total -= total.mean(axis=0)
    _, directions = np.linalg.eigh(total.T @ total)
    directions = directions[:, ::-1][:, :dim]
    directions *= np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(dim)])
    result: NDArray[np.float32] = (total @ directions).astype(np.float32)
    return result


def importance(n_words: int) -> NDArray[np.float32]:
    """How much each word counts in a text: float32 (n_words,), by the frequency that Zipf's law gives its rank."""
    share = 1 / np.arange(2, n_words + 2)
    weights: NDArray[np.float32] = (RARITY / (RARITY + share / share.sum())).astype(np.float32)
    return weights


def write(folder: Path, vocabulary: Sequence[str], vectors: NDArray[np.float32]) -> None:
    """Writes the vectors as int8 rows with a float32 weight each, in model2vec's format; row 0 is for unknown words."""
    from safetensors.numpy import save_file

    lengths = np.linalg.norm(vectors, axis=1) * importance(len(vectors))
    peaks = np.abs(vectors).max(axis=1)
    rows = np.round(vectors / peaks[:, None] * 127).astype(np.int8)
    weights = lengths / np.linalg.norm(rows.astype(np.float32), axis=1)
    table = np.concatenate([np.zeros((1, vectors.shape[1]), np.int8), rows])
    folder.mkdir(parents=True, exist_ok=True)
    save_file(
        {"embeddings": table, "weights": np.concatenate([np.zeros(1), weights]).astype(np.float32)},
        folder / words.VECTORS,
    )
    numbered = {word: row for row, word in enumerate([UNKNOWN, *vocabulary])}
    (folder / words.TOKENIZER).write_text(json.dumps(_tokenizer(numbered), separators=(",", ":")))
    config = {"model_type": "model2vec", "architectures": ["StaticModel"], "normalize": True, "embedding_dtype": "int8"}
    config |= {"apply_pca": vectors.shape[1], "hidden_dim": vectors.shape[1], "sif_coefficient": RARITY}
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")


def _tokenizer(numbered: dict[str, int]) -> dict[str, Any]:
    """Words as `words.words_of` finds them, near enough, in the language of the tokenizers library."""
    normalizer = {
        "type": "BertNormalizer",
        "clean_text": True,
        "handle_chinese_chars": True,
        "strip_accents": True,
        "lowercase": True,
    }
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": normalizer,
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": numbered, "unk_token": UNKNOWN},
    }


def _readings(model: Any, tokenizer: Any, texts: Sequence[str]) -> NDArray[np.float32]:
    """What the sentence model makes of some texts, the mean of its tokens: float32 (n_texts, width)."""
    import torch

    result = []
    with torch.inference_mode():
        for start in range(0, len(texts), BATCH):
            batch = tokenizer(list(texts[start : start + BATCH]), padding=True, return_tensors="pt")
            states = model(**batch).last_hidden_state
            kept = batch["attention_mask"][..., None]
            result.append(((states * kept).sum(1) / kept.sum(1)).numpy())
    return np.concatenate(result)


def main() -> None:
    """Reads the model, writes the folder and prints its size."""
    from transformers import AutoModel, AutoTokenizer

    parser = argparse.ArgumentParser(prog="python -m core.training.words", description=__doc__)
    parser.add_argument("model", type=Path, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--out", type=Path, default=words.FOLDER)
    arguments = parser.parse_args()
    tokenizer = AutoTokenizer.from_pretrained(arguments.model, local_files_only=True)
    model = AutoModel.from_pretrained(arguments.model, local_files_only=True).eval()
    tokens = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().get)
    texts = [f"{known.name} {known.description}" for known in audioset().classes]
    texts += [alias for aliases in words.read_aliases(words.FOLDER / words.ALIASES).values() for alias in aliases]
    kept = vocabulary(tokens, [*texts, MORE_WORDS.read_text(encoding="utf-8")])
    readings = [_readings(model, tokenizer, [context.format(word) for word in kept]) for context in CONTEXTS]
    write(arguments.out, kept, reduced(readings))
    size = sum(path.stat().st_size for path in arguments.out.iterdir())
    sys.stdout.write(json.dumps({"words": len(kept), "bytes": size}) + "\n")


if __name__ == "__main__":
    main()
