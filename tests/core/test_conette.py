"""CoNeTTE in little: its front end, its search, its files, what it says. `make parity` compares it to the original."""

import itertools
import math
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch", exc_type=ImportError)

from core import device  # noqa: E402
from core.captioning import Subject  # noqa: E402
from core.captioning import conette as captioning  # noqa: E402
from core.captioning.conette import ConetteCaptioner, clean, joined, pieces  # noqa: E402
from core.conette import checkpoint  # noqa: E402
from core.conette.decoding import Rules, search  # noqa: E402
from core.conette.model import Conette  # noqa: E402
from core.conette.network import log_mel, own_frames  # noqa: E402
from core.conette.vocabulary import Vocabulary, read_vocabulary  # noqa: E402
from core.descriptors import Meter  # noqa: E402
from core.errors import EarshotError, NotFoundError, UnknownNameError, UnsupportedError  # noqa: E402
from core.qualities import Measured, qualities  # noqa: E402
from core.settings import Settings  # noqa: E402
from tests import tiny_conette  # noqa: E402
from tests.sounds import RATE_HZ, clicks, noise, silence, sine  # noqa: E402

SOUNDS = [sine(440, 1), noise(2.5), clicks(3, 4), sine(880, 0.03), noise(0.3, seed=1)]
END = 0


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    """As the program computes; more threads wait for each other on a busy machine."""
    device.choose("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model; do not write to it."""
    folder = tmp_path_factory.mktemp("conette")
    tiny_conette.make(folder)
    return folder


@pytest.fixture(scope="module")
def model(folder: Path) -> Conette:
    return Conette.read(folder)


def subject(samples: np.ndarray) -> Subject:
    meter = Meter()
    meter.add(samples)
    measured = Measured(len(samples) / RATE_HZ, -20.0, meter.measure())
    return Subject(measured, qualities(measured), "", samples)


def saved(folder: Path, state: dict, **config: object) -> Path:
    """A folder with some weights and a configuration."""
    from safetensors.torch import save_file

    folder.mkdir(exist_ok=True)
    save_file(state, folder / "model.safetensors")
    tiny_conette.write_config(folder, **config)
    return folder


# --- what it hears ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sound", [sine(440, 0.5) + noise(0.5, amplitude=0.01), noise(1), silence(0.2)])
def test_the_front_end_is_a_log_mel_spectrogram_as_numpy_computes_it(sound: np.ndarray) -> None:
    mel = tiny_conette.filters()
    padded = np.pad(sound.astype(np.float64), 512, mode="reflect")
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1024) / 1024)
    frames = np.stack([padded[start : start + 1024] * window for start in range(0, len(padded) - 1023, 320)])
    expected = 10 * np.log10(np.maximum(np.abs(np.fft.rfft(frames)) ** 2 @ mel, 1e-10))
    got = log_mel(torch.from_numpy(sound)[None], torch.from_numpy(mel))[0].numpy()
    assert got.shape == expected.shape == (len(sound) // 320 + 1, 64)
    assert np.abs(got - expected).max() < 0.01  # dB


def test_a_sound_in_a_batch_has_as_many_frames_as_its_share_of_the_longest() -> None:
    assert own_frames([32_000, 16_000, 8_000], 32_000, 8) == [8, 4, 2]
    assert own_frames([960_000, 960, 1], 960_000, 94) == [94, 1, 1]  # one at least


def test_the_frames_of_padding_are_not_seen(model: Conette) -> None:
    """A whole second of padding behind one second: the memory is that of the first half."""
    encoded = model.encode([sine(440, 1), noise(2)])
    memory = model.network.memory(encoded, 0)
    assert len(memory) == encoded.counts[0] == 3 < encoded.frames.shape[1] == encoded.counts[1]
    wanted = model.network.model["projection"](encoded.frames[0, :3])
    assert torch.equal(memory, wanted)


def test_the_decoder_leaves_out_of_memory_what_attention_to_it_would_be_forbidden(model: Conette) -> None:
    """The original masks the frames of padding; torch's own layers with that mask give the same logits."""
    decoder, prefixes = model.network.model["decoder"], torch.tensor([[40, 5, 9], [40, 7, 7]])
    generator = torch.Generator().manual_seed(0)
    memory = torch.randn(7, 16, generator=generator)
    x = decoder.emb_layer(prefixes.T) * 4.0 + decoder.pos_encoding.pos_embedding[:3]
    seen, hidden = memory[:, None].expand(-1, 2, -1), torch.arange(7).expand(2, -1) >= 4
    for layer in decoder.layers:
        causal = torch.full((3, 3), -math.inf).triu(1)
        x = layer(x, seen, tgt_mask=causal, memory_key_padding_mask=torch.zeros(2, 7).masked_fill(hidden, -math.inf))
    expected = decoder.classifier(x)[-1]
    assert torch.allclose(model.network.next_logits(memory[:4], prefixes), expected, atol=1e-5)
    assert not torch.allclose(model.network.next_logits(memory, prefixes), expected, atol=1e-2)


def test_tags_are_probabilities_of_the_classes_of_audioset(model: Conette) -> None:
    tags = model.encode(SOUNDS).tags
    assert tags.shape == (len(SOUNDS), 527)
    assert 0 <= tags.min() < tags.max() <= 1


# --- how it searches --------------------------------------------------------------------------------------------------


def toy(seed: int, n_words: int = 5) -> tuple[np.ndarray, Callable]:
    """A table of logits of the next word after each word, and the same as a model."""
    table = np.random.default_rng(seed).normal(0, 1.5, (n_words, n_words)).astype(np.float32)
    return table, lambda prefixes: torch.from_numpy(table)[prefixes[:, -1]]


def rules(beams: int, least: int = 0, most: int = 4, not_twice: tuple[int, ...] = (), n_words: int = 5) -> Rules:
    mask = torch.zeros(n_words, dtype=torch.bool)
    mask[list(not_twice)] = True
    return Rules(END, mask, beams, least, most)


def log_probability(table: np.ndarray, start: int, sentence: tuple[int, ...], told: Rules) -> float:
    """The mean over the tokens of a sentence; minus infinity for one that breaks a rule. Step by step, in float64."""
    total, before = 0.0, [start]
    for step, token in enumerate(sentence):
        logits = table[before[-1]].astype(np.float64).copy()
        if step < told.least:
            logits[END] = -np.inf
        for word in before:
            if told.not_twice[word]:
                logits[word] = -np.inf
        total += logits[token] - np.logaddexp.reduce(logits)
        before.append(token)
    return total / len(sentence)


def every_sentence(most: int, n_words: int = 5) -> list[tuple[int, ...]]:
    """All that come to their end, or are as long as may be."""
    words = range(1, n_words)
    short = [(*inner, END) for size in range(most) for inner in itertools.product(words, repeat=size)]
    return short + list(itertools.product(words, repeat=most))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("least", [0, 1, 3])
@pytest.mark.parametrize("not_twice", [(), (1, 2, 3)])
def test_a_beam_wide_enough_finds_the_best_of_all_sentences(seed: int, least: int, not_twice: tuple) -> None:
    table, next_logits = toy(seed)
    told = rules(beams=1000, least=least, not_twice=not_twice)
    every = {sentence: log_probability(table, 4, sentence, told) for sentence in every_sentence(told.most)}
    best = max(every, key=lambda sentence: every[sentence])
    found = search(next_logits, 4, told)
    assert found[0].tokens == best
    assert found[0].score == pytest.approx(every[best], abs=1e-5)
    reached = {each.tokens: each.score for each in found if math.isfinite(each.score)}
    assert reached == pytest.approx({key: value for key, value in every.items() if np.isfinite(value)}, abs=1e-5)


def by_hand(table: np.ndarray, start: int, told: Rules) -> list[tuple[float, tuple[int, ...]]]:
    """Beam search in plain Python: the best continuations of what is still pursued, one beam fewer for each end."""
    pursued, finished = [()], []
    for size in range(1, told.most + 1):
        longer = [(*sentence, token) for sentence in pursued for token in range(len(table))]
        sums = {each: size * log_probability(table, start, each, told) for each in longer}
        kept = sorted(longer, key=lambda each: -sums[each])[: told.beams - len(finished)]
        done = [each for each in kept if each[-1] == END or size == told.most]
        finished += [(sums[each] / size, each) for each in done]
        pursued = [each for each in kept if each not in done]
    return sorted(finished, reverse=True)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("beams", [1, 2, 3])
def test_a_narrow_beam_pursues_the_best_so_far_and_gives_one_up_for_each_end(seed: int, beams: int) -> None:
    table, next_logits = toy(seed, 8)
    told = rules(beams=beams, least=2, most=7, not_twice=(2, 3, 4, 5, 6), n_words=8)
    expected = by_hand(table, 7, told)
    found = search(next_logits, 7, told)
    assert len(found) == beams
    assert [each.tokens for each in found] == [tokens for _, tokens in expected]
    assert [each.score for each in found] == pytest.approx([score for score, _ in expected], abs=1e-5)


def test_a_sentence_is_neither_shorter_nor_longer_than_allowed() -> None:
    """The table wants to end at once, or never; both are held off."""
    ends, never = np.full((3, 3), 0.0, np.float32), np.full((3, 3), 0.0, np.float32)
    ends[:, END], never[:, END] = 9.0, -9.0
    hasty = search(lambda prefixes: torch.from_numpy(ends)[prefixes[:, -1]], 2, rules(3, least=3, most=6, n_words=3))
    assert {len(each.tokens) for each in hasty} == {4}
    assert all(each.tokens[-1] == END for each in hasty)
    slow = search(lambda prefixes: torch.from_numpy(never)[prefixes[:, -1]], 2, rules(3, least=3, most=6, n_words=3))
    assert {len(each.tokens) for each in slow} == {6}
    assert not any(END in each.tokens for each in slow)


def test_where_nothing_is_possible_nothing_is_found() -> None:
    nothing = rules(3, least=1, not_twice=(1,), n_words=2)
    assert search(lambda prefixes: torch.zeros(len(prefixes), 2), 1, nothing) == []
    assert search(lambda prefixes: torch.full((len(prefixes), 2), math.nan), 1, rules(3, n_words=2)) == []


def test_no_word_is_repeated_that_may_be_said_only_once(model: Conette) -> None:
    allowed = {tiny_conette.WORDS.index(word) for word in tiny_conette.STOP_WORDS}
    for described in model.describe(model.encode(SOUNDS), "clotho"):
        for each in described.hypotheses:
            content = [token for token in each.tokens if token not in allowed]
            assert len(content) == len(set(content))
            assert 4 <= len(each.tokens) <= 8  # three words at least, then the end


def test_another_task_begins_with_another_token(model: Conette) -> None:
    encoded = model.encode(SOUNDS)
    of_one, of_other = (model.describe(encoded, task) for task in tiny_conette.TASKS)
    assert [each.score for each in of_one] != [each.score for each in of_other]
    assert model.start("clotho") == len(tiny_conette.WORDS)


# --- what it reads ----------------------------------------------------------------------------------------------------


def test_both_kinds_of_file_and_both_places_of_the_vocabulary_give_the_same(folder: Path, tmp_path: Path) -> None:
    expected = captions(folder)
    torch.save(tiny_conette.state(), tmp_path / "pytorch_model.bin")
    tiny_conette.write_config(tmp_path)
    assert captions(tmp_path) == expected

    tiny_conette.write_config(tmp_path, tokenizer_state=None)
    words = {checkpoint.TOKENIZER: tiny_conette.tokenizer_state()}
    torch.save(tiny_conette.state() | {checkpoint.PACKED: tiny_conette.packed(words)}, tmp_path / "pytorch_model.bin")
    assert captions(tmp_path) == expected
    torch.save(tiny_conette.state() | words, tmp_path / "pytorch_model.bin")
    assert captions(tmp_path) == expected


def test_weights_of_half_precision_and_other_names_of_a_scale_are_read(folder: Path, tmp_path: Path) -> None:
    state = {name.replace("scale_layer", "gamma"): value for name, value in tiny_conette.state().items()}
    assert captions(saved(tmp_path / "named", state)) == captions(folder)
    half = {name: value.half() if value.is_floating_point() else value for name, value in state.items()}
    halved = Conette.read(saved(tmp_path / "half", half))
    assert {value.dtype for value in halved.network.parameters()} == {torch.float32}
    assert all(halved.describe(halved.encode(SOUNDS), "clotho"))


def captions(folder: Path) -> list[str]:
    made = Conette.read(folder)
    return [each.text for each in made.describe(made.encode(SOUNDS), "clotho")]


class Evil:
    """A pickle that makes a file when it is read by a reader that does what it says."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return (os.mkdir, (str(self.path),))


def test_code_in_a_file_of_weights_is_refused_and_not_run(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    torch.save(tiny_conette.state() | {"model.evil": Evil(trap)}, tmp_path / "pytorch_model.bin")
    tiny_conette.write_config(tmp_path)
    with pytest.raises(UnsupportedError, match=r"code of a model is never run; fetch its model\.safetensors"):
        Conette.read(tmp_path)
    assert not trap.exists()


def test_code_in_a_vocabulary_is_refused_and_not_run(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    packed = tiny_conette.packed({checkpoint.TOKENIZER: Evil(trap)})
    saved(tmp_path, tiny_conette.state() | {checkpoint.PACKED: packed}, tokenizer_state=None)
    with pytest.raises(UnsupportedError, match="code of a model is never run"):
        Conette.read(tmp_path)
    assert not trap.exists()
    pickle.loads(bytes(packed.tolist()))
    assert trap.exists()  # the trap works


def test_missing_weights_are_named_in_one_sentence(tmp_path: Path) -> None:
    state = tiny_conette.state()
    for name in ("model.projection.2.bias", "preprocessor.encoder.stages.2.0.scale_layer"):
        del state[name]
    with pytest.raises(UnsupportedError) as refused:
        Conette.read(saved(tmp_path / "some", state))
    assert (
        "lacks 2 of its weights (model.projection.2.bias, preprocessor.encoder.stages.2.0.scale_layer); fetch"
        in str(refused.value)
    )
    decoder_only = {name: value for name, value in tiny_conette.state().items() if "decoder" in name}
    with pytest.raises(UnsupportedError, match=r"lacks 8 of its weights \(.*melW, .*forbid_rep_mask\); fetch"):
        Conette.read(saved(tmp_path / "most", decoder_only))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"preprocessor.encoder.bn1.weight": (3,)}, r"not known here \(preprocessor.encoder.bn1.weight\)"),
        ({"model.decoder.layers.5.norm1.weight": (16,)}, r"not known here \(model.decoder.layers.5.norm1.weight\)"),
        ({"preprocessor.encoder.bn0.weight": (3,)}, "other shapes"),
        ({"preprocessor.encoder.logmel_extractor.melW": (513,)}, "other shapes"),
        ({"model.forbid_rep_mask": (7,)}, "other shapes"),
        ({"model.task_id_to_token_id": (3,)}, "names 2 tasks, but its weights begin 3"),
    ],
)
def test_weights_of_another_network_are_refused(tmp_path: Path, changes: dict, told: str) -> None:
    other = {name: torch.zeros(shape, dtype=torch.int64) for name, shape in changes.items()}
    with pytest.raises(UnsupportedError, match=told):
        Conette.read(saved(tmp_path, tiny_conette.state() | other))


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"beam_size": 10**9}, "beam_size 1000000000, where 1 to 32 is possible"),
        ({"max_pred_size": "all"}, "max_pred_size 'all'"),
        ({"nhead": 5}, "a width of 16 among 5 heads"),
        ({"acti_name": "tanh"}, "activation 'tanh'"),
        ({"tokenizer_state": None}, "holds no vocabulary"),
        ({"tokenizer_state": {"tokenizer": {"stoi": [1, 2]}}}, "a vocabulary that holds no list of words"),
        (
            {"tokenizer_state": {"tokenizer": {"stoi": {"<eos>": 0, "dog": 1}}}},
            "lists 4 words where the weights have 42",
        ),
    ],
)
def test_a_configuration_that_cannot_be_is_refused(tmp_path: Path, config: dict, told: str) -> None:
    with pytest.raises(UnsupportedError, match=told):
        Conette.read(saved(tmp_path, tiny_conette.state(), **config))


def test_what_is_not_there_or_damaged_is_one_sentence(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"has no config\.json"):
        Conette.read(tmp_path)
    (tmp_path / "config.json").write_text("[1]")
    with pytest.raises(UnsupportedError, match="is not the configuration"):
        Conette.read(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(UnsupportedError, match="is damaged"):
        Conette.read(tmp_path)
    tiny_conette.write_config(tmp_path)
    with pytest.raises(NotFoundError, match=r"neither model\.safetensors nor pytorch_model\.bin"):
        Conette.read(tmp_path)
    for name, content in (("pytorch_model.bin", b"PK\x03\x04"), ("model.safetensors", b"\x00" * 20)):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UnsupportedError, match=rf"{name} .*fetch"):
            Conette.read(tmp_path)


def test_a_model_without_tasks_begins_with_its_one_start(tmp_path: Path) -> None:
    made = Conette.read(saved(tmp_path, tiny_conette.state(), task_mode="none"))
    assert made.start("anything") == tiny_conette.WORDS.index("<bos>")


def test_tasks_get_the_tokens_after_the_last_word() -> None:
    state = {"tokenizer": {"stoi": {"<eos>": 0, "dog": 1}}}
    made = read_vocabulary(state, ["clotho", "macs"], 4)
    assert made.words == ("<eos>", "dog", "<bos_clotho>", "<bos_macs>")


def test_words_are_joined_as_the_package_joins_them() -> None:
    words = Vocabulary(("<eos>", "A", "loud", "-", "man", ",", "speaks", "<unk>", "'s"), 0)
    assert words.text([1, 2, 3, 4, 8, 7, 4, 5, 6, 0]) == "a loud-man's man, speaks"


# --- what it says -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def captioner(folder: Path) -> ConetteCaptioner:
    return ConetteCaptioner(Settings(conette=str(folder), device="cpu"))


def test_it_makes_ready_and_tests_itself(captioner: ConetteCaptioner) -> None:
    assert list(captioner.prepare()) == []  # a folder is not fetched


def test_a_caption_is_the_same_alone_and_in_company(captioner: ConetteCaptioner, model: Conette) -> None:
    subjects = [subject(sound) for sound in SOUNDS]
    together = captioner.caption(subjects)
    assert together == [captioner.caption([each])[0] for each in subjects]
    assert together[::-1] == captioner.caption(subjects[::-1])
    alone = [model.describe(model.encode([sound]), "clotho")[0].text for sound in SOUNDS]
    assert together == [f"{text[0].upper()}{text[1:]}." for text in alone]


def test_silence_is_called_so_and_the_model_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    never = ConetteCaptioner(Settings(conette="/nowhere/at/all"))
    assert never.caption([subject(silence(0.5))]) == ["Silence, 0.5 s."]
    measured = Measured(2.0, -70.0, subject(noise(2)).measured.descriptors)
    assert never.caption([Subject(measured, [], "", silence(2))])[0].endswith(", 2.0 s.")  # only the samples say so


def test_sounds_of_any_length_get_a_caption(captioner: ConetteCaptioner) -> None:
    for n_samples in (1, 2, 319, 960, 31_999, 32_000, 32_001):
        sound = noise(2)[:n_samples]
        measured = Measured(n_samples / RATE_HZ, -20.0, subject(noise(1)).measured.descriptors)
        assert captioner.caption([Subject(measured, [], "", sound)])[0].endswith(".")


@pytest.mark.parametrize(
    ("seconds", "starts_s"),
    [(1, [0]), (30, [0]), (31, [0, 1]), (45, [0, 15]), (70, [0, 20, 40]), (90, [0, 30, 60]), (600, [0, 285, 570])],
)
def test_a_long_sound_is_described_by_three_pieces_at_most(seconds: int, starts_s: list[int]) -> None:
    sound = np.repeat(np.arange(seconds * 10, dtype=np.float32), RATE_HZ // 10)
    cut = pieces(sound)
    assert [piece[0] / 10 for piece in cut] == starts_s
    assert all(len(piece) == min(seconds, 30) * RATE_HZ for piece in cut)
    assert cut[-1][-1] == sound[-1]
    if seconds >= 90:  # cut down to the longest stretch, by thirds, it gives the same
        thirds = np.concatenate(cut)
        assert len(thirds) == ConetteCaptioner.longest_s * RATE_HZ
        assert all(np.array_equal(*pair) for pair in zip(pieces(thirds), cut, strict=True))


def test_what_is_said_of_the_pieces_becomes_one_sentence() -> None:
    assert joined(["rain is falling"]) == "Rain is falling."
    assert joined(["rain", "a man speaks", "birds sing"]) == "Rain; later a man speaks; at the end birds sing."
    assert joined(["rain", "rain", "birds sing"]) == "Rain; at the end birds sing."
    assert joined(["rain", "a man speaks", "rain"]) == "Rain; later a man speaks."
    assert joined(["", "rain", ""]) == "Rain."
    assert joined(["", ""]) == ""


def test_long_sounds_are_heard_piece_by_piece(captioner: ConetteCaptioner, model: Conette) -> None:
    parts = [np.tile(noise(1), 30), np.tile(sine(440, 1), 30), np.tile(clicks(3, 1), 30)]
    said = [model.describe(model.encode([part]), "clotho")[0].text for part in parts]
    first, second, third = said
    assert len(set(said)) == 3
    expected = f"{first[0].upper()}{first[1:]}; later {second}; at the end {third}."
    whole = np.concatenate(parts)
    descriptors = subject(noise(1)).measured.descriptors
    assert captioner.caption([Subject(Measured(90.0, -20.0, descriptors), [], "", whole)]) == [expected]


def test_what_a_model_writes_is_data(monkeypatch: pytest.MonkeyPatch) -> None:
    assert clean("a <bos_macs> dog\x1b[31m\n\u202e  barks. then it sleeps ...") == "a dog [31m barks; then it sleeps"
    assert clean("<pad> . ;") == ""
    assert len(clean("word " * 100)) <= 160 and not clean("word " * 100).endswith("wor")
    assert len(clean("x" * 1000)) == 160


def test_where_the_model_has_no_words_the_built_in_captioner_has(
    captioner: ConetteCaptioner, monkeypatch: pytest.MonkeyPatch
) -> None:
    wordless = [SimpleNamespace(text="<bos_clotho> .")]
    monkeypatch.setattr(captioning.Conette, "describe", lambda *_: wordless)
    assert captioner.caption([subject(sine(440, 1))])[0].startswith("A ")


def test_an_unknown_task_is_one_sentence_that_lists_the_known(folder: Path) -> None:
    captioner = ConetteCaptioner(Settings(conette=str(folder), conette_task="opera"))
    expected = "this CoNeTTE model has no task 'opera'; set EARSHOT_CONETTE_TASK to one of: clotho, audiocaps"
    with pytest.raises(UnknownNameError) as refused:
        list(captioner.prepare())
    assert str(refused.value) == expected


@pytest.mark.parametrize(
    ("name", "told"),
    [("preprocessor.encoder.bn0.weight", "sound the same to it"), ("model.decoder.classifier.bias", "is not a number")],
)
def test_a_broken_model_is_refused(tmp_path: Path, name: str, told: str) -> None:
    """Zeros behind the ears make everything sound the same; a NaN spreads over all that is written."""
    state = tiny_conette.state()
    state[name] = torch.zeros_like(state[name]) if "bn0" in name else torch.full_like(state[name], math.nan)
    captioner = ConetteCaptioner(Settings(conette=str(saved(tmp_path, state)), device="cpu"))
    with pytest.raises(UnsupportedError, match=f"is broken.*{told}"):
        list(captioner.prepare())


def test_what_all_frames_share_does_not_make_a_model_broken(tmp_path: Path) -> None:
    """Their cosine is 0.9999 then; random weights of the full size have 0.9996."""
    state = tiny_conette.state()
    state["preprocessor.encoder.stages.3.0.pwconv2.bias"] += 300
    made = Conette.read(saved(tmp_path, state))
    tone, hiss = (made.encode([sound]).frames.flatten() for sound in (sine(440, 1), noise(1)))
    assert torch.cosine_similarity(tone, hiss, dim=0) > 0.9995
    assert list(ConetteCaptioner(Settings(conette=str(tmp_path), device="cpu")).prepare()) == []


def test_a_model_that_is_not_on_this_machine_is_one_sentence(tmp_path: Path) -> None:
    offline = ConetteCaptioner(Settings(offline=True, models=tmp_path))
    with pytest.raises(EarshotError, match="Labbeti/conette"):
        list(offline.prepare())
    with pytest.raises(EarshotError, match="Labbeti/conette"):
        offline.caption([subject(sine(440, 1))])
