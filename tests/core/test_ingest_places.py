"""Where sounds lie, and whose words they bear: across folders, spaces and captioners."""

import os
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from core.captioning.builtin import BuiltinCaptioner
from core.embedding import EMBEDDERS, Heard
from core.embedding.builtin import BuiltinEmbedder
from core.library import Library
from core.records import Filters
from tests.core.ingesting import counts, in_this_process, run, skips
from tests.runs import rows, tiny_wav

pytestmark = in_this_process


class NewerEars(BuiltinEmbedder):
    """The same ears with other weights."""

    def weights_hash(self) -> str:
        return "newer"


class EarsWithoutDomains(BuiltinEmbedder):
    """Ears of another name that name no classes, and so tell no domain."""

    name: ClassVar[str] = "plain"
    labels: ClassVar[tuple[str, ...]] = ()

    def hear(self, clips):
        return Heard(EMBEDDERS.load("builtin")().hear(clips).vectors, np.zeros((len(clips), 0), np.float32))


class ShoutingCaptioner(BuiltinCaptioner):
    name: ClassVar[str] = "shouting"

    def caption(self, subjects):
        return [text.upper() for text in super().caption(subjects)]


@pytest.fixture
def known(monkeypatch):
    """Makes a name lead to a class, for embedders or captioners."""

    def put(kind: str, name: str, backend: type) -> None:
        registry = getattr(
            __import__(f"core.{kind}", fromlist=["x"]), "EMBEDDERS" if kind == "embedding" else "CAPTIONERS"
        )
        load = type(registry).load
        monkeypatch.setattr(
            type(registry),
            "load",
            lambda self, asked: backend if self is registry and asked == name else load(self, asked),
        )

    return put


def test_a_folder_that_was_renamed_is_known_when_only_the_new_one_is_named(library, folder):
    run(library, folder)
    folder.rename(folder.with_name("renamed"))

    assert counts(run(library, folder.with_name("renamed"))) == {"found": 3, "unchanged": 3, "moved": 3}
    assert {Path(path).parent.name for (path,) in rows(library.folder, "SELECT path FROM files")} == {"renamed"}


def test_a_folder_that_cannot_be_listed_is_told_and_its_sounds_stay(library, folder, monkeypatch):
    tiny_wav(folder / "closed" / "d.wav", 9)
    run(library, folder)
    scandir = os.scandir

    def refuse(path):
        if not isinstance(path, int) and Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    report = run(library, folder)

    assert counts(report) == {"found": 4, "unchanged": 3, "skipped": 1}
    assert "cannot be listed (Permission denied)" in skips(library)["closed"]
    assert len(library.search_by_audio("1", k=10)) == 4


def test_the_name_of_a_file_that_is_gone_finds_nothing(library, folder):
    tiny_wav(folder / "zebra.wav", 0)  # a copy of a.wav
    run(library, folder)
    assert len(library.search_by_text("zebra")) == 1
    (folder / "zebra.wav").unlink()
    run(library, folder)

    assert library.search_by_text("zebra") == []


def test_another_captioner_captions_what_is_known_and_leaves_the_vectors(library, folder, known):
    run(library, folder)
    before = rows(library.folder, "SELECT * FROM vectors")
    known("captioning", "shouting", ShoutingCaptioner)
    ingest = library.ingest([folder], captioner="shouting")
    list(ingest)

    assert counts(ingest.report) == {"found": 3, "indexed": 3, "again": 3}
    assert len(rows(library.folder, "SELECT * FROM captions WHERE text = upper(text) AND captioner = 'shouting'")) == 3
    assert rows(library.folder, "SELECT * FROM vectors") == before
    again = library.ingest([folder], captioner="shouting")
    list(again)
    assert counts(again.report) == {"found": 3, "unchanged": 3}


def test_newer_ears_take_over_when_they_have_heard_as_much(library, folder, tmp_path, known):
    run(library, folder)
    known("embedding", "builtin", NewerEars)
    run(library, tiny_wav(tmp_path / "one more" / "d.wav", 5).parent)

    assert len(library.search_by_audio("1", k=10)) == 3  # the older space holds more
    assert library.sounds(["4"])[0]["n_chunks"] == 0
    assert counts(run(library, folder)) == {"found": 3, "indexed": 3, "again": 3}
    assert len(library.search_by_audio("1", k=10)) == 4
    assert len(library.overview()["spaces"]) == 2


def test_ears_that_tell_no_domain_leave_the_one_that_is_known(library, folder, known):
    run(library, folder)
    domains = rows(library.folder, "SELECT sound_id, domain, domain_score FROM descriptors ORDER BY sound_id")
    known("embedding", "plain", EarsWithoutDomains)
    list(library.ingest([folder], embedder="plain"))

    assert rows(library.folder, "SELECT sound_id, domain, domain_score FROM descriptors ORDER BY sound_id") == domains
    assert library.search_by_audio("1", space="plain", k=1)[0].score == pytest.approx(1)


def test_what_one_pair_of_ears_heard_is_found_by_words_whatever_the_ears_of_the_settings(demo_library, folder, known):
    expected = [(hit.id, hit.score, hit.start_s) for hit in demo_library.search_by_text("rain")]
    known("embedding", "plain", EarsWithoutDomains)
    plain = Library(settings=demo_library.settings.model_copy(update={"embedder": "plain"}))

    for _ in range(2):  # before the other ears have heard anything, and after
        assert [(hit.id, hit.score, hit.start_s) for hit in plain.search_by_text("rain")] == expected
        list(plain.ingest())
    assert len(plain.load_index().sounds) == 15
    assert not plain.load_index().heard.any()


def test_the_space_that_holds_what_was_heard_is_the_one_of_the_settings_if_both_do(demo_library, known):
    known("embedding", "newer", type("Other", (NewerEars,), {"name": "newer"}))
    list(demo_library.ingest(embedder="newer"))

    for name in ("builtin", "newer"):
        chosen = Library(settings=demo_library.settings.model_copy(update={"embedder": name})).ears.for_text()
        assert chosen is not None and chosen.index.space.fingerprint.name == name


def test_other_ears_add_a_space_beside_the_built_in_one_also_to_an_empty_library(library, folder, known):
    known("embedding", "plain", EarsWithoutDomains)
    list(library.ingest([folder], embedder="plain"))

    assert [space["name"] for space in library.overview()["spaces"]] == ["builtin", "plain"]
    assert all(sound["tags"] and sound["captions"] for sound in library.sounds(["1", "2", "3"]))
    assert library.search_by_audio("1", space="plain", k=1)[0].score == pytest.approx(1)
    again = library.ingest([folder], embedder="plain")
    list(again)
    assert counts(again.report) == {"found": 3, "unchanged": 3}


def test_a_batch_that_fails_to_commit_leaves_nothing_behind_in_memory(library, folder, monkeypatch):
    run(library, folder)
    (folder / "a.wav").rename(folder / "moved.wav")
    from core.ingest import sounds

    touch, failed = sounds.touch, []

    def fail_once(db):
        if not failed:
            failed.append(True)
            raise KeyboardInterrupt
        touch(db)

    monkeypatch.setattr(sounds, "touch", fail_once)
    with pytest.raises(KeyboardInterrupt):
        run(library, folder)
    run(library, folder)

    paths = rows(library.folder, "SELECT id, path, missing FROM files ORDER BY id")
    assert [(number, Path(path).name, missing) for number, path, missing in paths] == [
        (1, "moved.wav", 0),
        (2, "b.wav", 0),
        (3, "c.wav", 0),
    ]


def test_an_unknown_domain_is_told_with_the_known_ones(library, folder):
    run(library, folder)
    with pytest.raises(Exception, match="no domain is called 'bananas'; known are speech, singing"):
        library.search_by_text("a", filters=Filters(domain="bananas"))


def test_the_registry_is_as_it_was(known):
    assert EMBEDDERS.load("builtin") is BuiltinEmbedder
