"""The ears `clap`: LAION's CLAP, which puts sounds and texts into one space, so that a text finds a sound.

Source: Wu et al., Large-scale Contrastive Language-Audio Pretraining (2023, arXiv 2211.06687); LAION-AI/CLAP (CC0), in
the form that transformers reads (Apache-2.0). What is done here: windows, phrasings, and no chance in anything.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from core import device, selftest
from core.embedding._clap_frontend import FrontEnd, read_front_end
from core.embedding._pretrained import CONFIG, FRONT_ENDS, NEEDS, PretrainedEmbedder
from core.embedding.base import Heard, check_clips
from core.errors import EarshotError, NotFoundError, UnsupportedError
from core.records import Samples, Vectors

TOKENIZER, VOCABULARY, MERGES = "tokenizer.json", "vocab.json", "merges.txt"
OF_NO_WEIGHT = ("position_ids", "token_type_ids", "relative_position_index", "num_batches_tracked")
"""What a file of weights may lack: numbers that follow from the geometry."""

VERSION = "1"  # of what is done here; another one is another space
PHRASINGS = ("{}", "The sound of {}.", "This is a sound of {}.")
LONGEST_TEXT = 77  # tokens; the texts of the training were cut there (LAION-AI/CLAP)
DEAF_TO_TEXT = "larger_clap_music"
WHY_DEAF = (
    "the text tower of laion/larger_clap_music gives all texts the same vector (cosine 0.9993, mteb issue 5069);"
    " set EARSHOT_CLAP to laion/larger_clap_general, or search with a sound"
)
SILENT = 1e-6  # of full scale, -120 dB: what is nowhere louder is silence


class ClapEmbedder(PretrainedEmbedder):
    """Hears windows of ten seconds, as the model learned to; a shorter sound is repeated, as it was in the training.

    The windows of a longer sound do not overlap, but for the last, which ends with the sound. One every five seconds
    would take twice the time (half a second each on a core) and twice the room. What makes the vector of a long sound
    steady is the mean over all of it, and every second is in it either way.

    The file of weights is mapped into memory, so processes share it, and one that only hears never reads the texts'.
    """

    name = "clap"
    kind = "clap"
    title = "CLAP"
    needs = (*NEEDS, f"{TOKENIZER}|{VOCABULARY}", f"{MERGES}|")
    of_no_weight = OF_NO_WEIGHT
    sample_rate_hz: ClassVar[int] = 48_000
    window_s: ClassVar[float] = 10.0
    hop_s: ClassVar[float] = 10.0
    most_processes: ClassVar[int | None] = 4  # each takes 0.8 GB, of which it shares the half

    @property
    def version(self) -> str:  # type: ignore[override]  # it depends on the model of the settings
        """The name of the model, be it in a folder or on the hub, and the version of what is done here."""
        return f"{self.model_name}-{VERSION}"

    @property
    def dim(self) -> int:  # type: ignore[override]  # read from the model's configuration
        """Numbers in a vector. Raises NotFoundError if the model is not on this machine."""
        return int(self._config.get("projection_dim", 512))

    @property
    def understands_text(self) -> bool:  # type: ignore[override]  # it depends on the model of the settings
        """Whether there is a text tower to rely on; false for laion/larger_clap_music only."""
        if self.model_name == DEAF_TO_TEXT:
            return False
        try:
            trained_as = str(self._config.get("_name_or_path", ""))
        except EarshotError:  # it is not there yet: what hears or reads will say so
            return True
        return trained_as.rpartition("/")[2] != DEAF_TO_TEXT

    def hear(self, clips: Sequence[Samples]) -> Heard:
        """See `Embedder.hear`. There are no tags. Raises UnsupportedError for a model that is damaged or no CLAP."""
        self._check_installed()
        check_clips(clips)
        vectors = np.zeros((len(clips), self.dim), np.float32)
        loud = [place for place, clip in enumerate(clips) if np.abs(clip).max() > SILENT]
        if loud:
            pictures = self._front_end.pictures([clips[place] for place in loud])
            flat = [picture.reshape(-1) for picture in pictures]
            vectors[loud] = device.in_batches(flat, self._device.rows, self._run)
        return Heard(vectors, np.zeros((len(clips), 0), np.float32))

    def embed_text(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of texts, float32 (n_texts, dim), each the mean of what several phrasings of it give.

        Averaging over phrasings steadies what a few words say (Radford et al. 2021, CLIP). A text beyond 77 tokens is
        cut there. The vector of a text does not depend on the texts beside it.
        Raises UnsupportedError for laion/larger_clap_music, whose text tower is broken, and for a damaged model.
        """
        self._check_installed()
        if not self.understands_text:
            raise UnsupportedError(f"the ears {self.name!r} do not understand text here: {WHY_DEAF}")
        vectors = np.zeros((len(texts), self.dim), np.float32)
        for place, text in enumerate(texts):
            plain = " ".join(text.split()).rstrip(".!?")
            vectors[place] = self._read([phrasing.format(plain) for phrasing in PHRASINGS])
        return vectors

    def weights_hash(self) -> str:
        """The first 16 hex digits of the SHA-256 of the model's files and of what is done here with them.

        A file of 0.8 GB takes a second or two, once (`core.known_weights`).
        """
        names = (self._weights.name, CONFIG, *FRONT_ENDS, TOKENIZER, VOCABULARY, MERGES)
        return self._hash(names, repr((VERSION, self.window_s, SILENT, PHRASINGS, LONGEST_TEXT)))

    def _run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Vectors (n, dim) of flat pictures (n, n_frames * n_bands).

        A model with fusion takes four pictures of a sound, but looks at the first alone where none is longer.
        """
        import torch

        with torch.inference_mode():
            pictures = torch.from_numpy(batch).reshape(len(batch), 1, -1, self._front_end.n_bands)
            longer = torch.zeros((len(batch), 1), dtype=torch.bool)
            on = self._device
            heard = self._model.get_audio_features(pictures.to(on.name, on.dtype), is_longer=longer.to(on.name))
            return self._unit(heard.pooler_output.float().cpu().numpy(), "sounds")

    def _read(self, phrasings: list[str]) -> NDArray[np.float32]:
        """The vector (dim,) of one text in several phrasings, which always go through the model together."""
        import torch

        config = self._model.config.text_config
        longest = min(LONGEST_TEXT, config.max_position_embeddings - config.pad_token_id - 1)
        tokens = self._tokenizer(
            phrasings, padding=True, padding_side="right", truncation=True, max_length=longest, return_tensors="pt"
        )
        with torch.inference_mode():
            ids, mask = (tokens[name].to(self._device.name) for name in ("input_ids", "attention_mask"))
            said = self._model.get_text_features(input_ids=ids, attention_mask=mask)
            rows = self._unit(said.pooler_output.float().cpu().numpy(), "texts")
        vector: NDArray[np.float32] = self._unit(rows.mean(axis=0, keepdims=True), "texts")[0]
        return vector

    def _unit(self, rows: NDArray[np.float32], what: str) -> NDArray[np.float32]:
        """Rows brought to norm 1 in full precision; half precision leaves them a thousandth off."""
        if not np.isfinite(rows).all():
            raise UnsupportedError(f"the ears {self.name!r} are broken: vectors of {what} hold NaN; {selftest.BROKEN}")
        unit: NDArray[np.float32] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-9))
        return unit

    @cached_property
    def _front_end(self) -> FrontEnd:
        n_bands = self._model.config.audio_config.num_mel_bins
        with self._reading("front end"):
            return read_front_end(self._folder, self.sample_rate_hz, self.window, n_bands)

    @cached_property
    def _tokenizer(self) -> Any:
        from transformers.models.roberta.tokenization_roberta import RobertaTokenizer

        folder = self._folder
        if not (folder / TOKENIZER).is_file() and not (folder / MERGES).is_file():
            raise NotFoundError(f"the model in {folder} lacks {TOKENIZER} or {MERGES}; copy it there")
        with self._reading("tokenizer"):
            tokenizer = RobertaTokenizer.from_pretrained(folder, local_files_only=True)
        known, told = self._model.config.text_config.vocab_size, len(tokenizer)
        if told > known:
            what = f"{told} tokens, of which it knows {known}"
            raise UnsupportedError(f"the tokenizer in {folder} is another model's ({what}); fetch its files again")
        return tokenizer

    @cached_property
    def _model(self) -> Any:
        from transformers.models.clap.modeling_clap import ClapModel

        return self._load(ClapModel)


BACKEND = ClapEmbedder
