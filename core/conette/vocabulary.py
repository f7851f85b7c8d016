"""The words of a CoNeTTE model, and the tokens that a sentence in the manner of a task begins with."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

END = "<eos>"
STARTS = ("<bos>", "<sos>")  # of models without tasks; the second is the name of old checkpoints
SPECIAL = re.compile(r"<(?:pad|bos|eos|unk)>")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """words: by token. end: the token that ends a sentence. lower: whether the model writes small letters only."""

    words: tuple[str, ...]
    end: int
    lower: bool = True

    def text(self, tokens: Sequence[int]) -> str:
        """Words with one blank between them, none before punctuation nor around hyphens, as the package joins them."""
        text = SPECIAL.sub("", " ".join(self.words[token] for token in tokens))
        text = re.sub(r"\s+([,.!?;:\"'])", r"\1", text).strip()
        text = re.sub(r"\s*-\s*", "-", re.sub(" +", " ", text))
        return text.lower() if self.lower else text

    def start(self) -> int:
        """The token that a sentence begins with where there are no tasks."""
        return next(self.words.index(start) for start in STARTS if start in self.words)


def read_vocabulary(state: Mapping[str, Any], tasks: Sequence[str], n_words: int) -> Vocabulary:
    """The vocabulary in the saved state of the package's tokenizer. Tasks without a token get the next ones, in order.

    n_words: how many words the model knows. Raises ValueError with the reason if the state does not say all of them.
    """
    held = state.get("tokenizer", state)
    ids = held.get("stoi", held.get("_stoi")) if isinstance(held, Mapping) else None
    if not isinstance(ids, Mapping) or not all(type(ids[word]) is int and isinstance(word, str) for word in ids):
        raise ValueError("holds no list of words")
    ids = dict(ids)
    for task in tasks:
        ids.setdefault(f"<bos_{task}>", max(ids.values(), default=-1) + 1)
    words = sorted(ids, key=lambda word: ids[word])
    if [ids[word] for word in words] != list(range(n_words)):
        raise ValueError(f"lists {len(words)} words where the weights have {n_words}")
    if END not in ids:
        raise ValueError(f"lists no {END}")
    options = held.get("hparams", held.get("_hparams"))
    lower = options.get("lowercase", True) if isinstance(options, Mapping) else True
    return Vocabulary(tuple(words), ids[END], bool(lower))
