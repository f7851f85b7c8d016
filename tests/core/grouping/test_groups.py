"""Groups hold still, are changed in versions that can be gone back to, and take in new sounds without a new start."""

import re
import shutil
import sqlite3
import threading
import time
from contextlib import closing

import numpy as np
import pytest

from core.errors import EarshotError, NotFoundError, UnsupportedError
from core.grouping.describing import NAMED_AT_ONCE, Evidence, Name
from core.library import Library
from core.records import Clustering
from core.store.db import Store
from core.store.spaces import drop_space, list_spaces

KINDS = ("kick", "closed_hat", "hand_bell", "rain")


def kinds_of(library: Library, made: Clustering) -> dict[int, set[str]]:
    """Which kinds of the small library each cluster holds."""
    found = {}
    for each in made.clusters:
        cards = library.cards(library.groups.summary(made.clustering, each.cluster).members)
        found[each.cluster] = {next(kind for kind in KINDS if kind in card["path"]) for card in cards}
    return found


def number_of(library: Library, made: Clustering, kind: str) -> int:
    return next(number for number, kinds in kinds_of(library, made).items() if kinds == {kind})


def ids_of(library: Library, kind: str) -> list[int]:
    every = library.groups.members(1).sounds.tolist()
    return [card["id"] for card in library.cards(every) if f"/{kind}/" in card["path"]]


@pytest.fixture
def made(demo_library: Library) -> Clustering:
    """Four groups, one of each kind."""
    made = demo_library.groups.make(4)
    assert sorted(map(sorted, kinds_of(demo_library, made).values())) == sorted([kind] for kind in KINDS)
    return made


def test_each_group_is_told_with_how_surely_it_comes_back_and_whether_its_name_finds_it(made: Clustering) -> None:
    for each in made.clusters:
        assert each.stability is not None
        assert 0.5 < each.stability <= 1
        assert each.name_auc is not None
        assert each.name_auc > 0.9, each.title
        assert not each.is_weak
    titles = [each.title.lower() for each in made.clusters]
    assert len(set(titles)) == 4


def test_what_sets_a_group_apart_is_told_against_its_neighbours(demo_library: Library, made: Clustering) -> None:
    rain = demo_library.groups.summary(1, number_of(demo_library, made, "rain"))
    assert "longer (" in rain.apart.lower() or "“rain” is said of" in rain.apart


def test_the_same_sounds_asked_again_are_the_same_clustering(demo_library: Library, made: Clustering) -> None:
    again = demo_library.groups.make(4)
    assert (again.clustering, again.clusters, again.change) == (1, made.clusters, "nothing changed")
    assert [each.clustering for each in demo_library.groups.all()] == [1]


def test_a_new_run_keeps_the_numbers_of_groups_that_are_the_same_and_tells_what_is_not(
    demo_library: Library, made: Clustering
) -> None:
    kick = number_of(demo_library, made, "kick")
    moved = demo_library.groups.move(ids_of(demo_library, "kick")[:1], number_of(demo_library, made, "rain"))
    assert moved.clustering == 2
    again = demo_library.groups.make(4)
    assert (again.clustering, again.based_on) == (3, 2)
    assert again.change == "1 sound moved; what was changed by hand is in clustering 2 still"
    assert kinds_of(demo_library, again) == kinds_of(demo_library, made)
    assert number_of(demo_library, again, "kick") == kick


def test_a_title_from_a_person_stays_with_its_group_when_the_sounds_are_grouped_anew(
    demo_library: Library, made: Clustering
) -> None:
    kick = number_of(demo_library, made, "kick")
    named = demo_library.groups.rename(kick, "Heavy feet")
    found = next(each for each in named.clusters if each.cluster == kick)
    assert (found.title, found.named_by, found.is_weak) == ("Heavy feet", "person", True)
    again = demo_library.groups.make(4)
    assert next(each.title for each in again.clusters if each.cluster == kick) == "Heavy feet"


def test_every_change_is_a_version_that_can_be_taken_back(demo_library: Library, made: Clustering) -> None:
    groups = demo_library.groups
    one, other = made.clusters[0].cluster, made.clusters[1].cluster
    merged = groups.merge([one, other])
    assert (merged.clustering, merged.based_on, merged.k) == (2, 1, 3)
    assert merged.change.startswith(f"Clusters {one} and {other}, ")
    assert next(each.size for each in merged.clusters if each.cluster == one) == sum(
        each.size for each in made.clusters[:2]
    )
    split = groups.split(one)
    assert split.k == 4
    assert {each.cluster for each in split.clusters} == {*(each.cluster for each in made.clusters[2:]), one, 5}

    assert groups.undo() == merged
    assert groups.undo() == made
    assert groups.current() == made
    with pytest.raises(UnsupportedError, match="no clustering was meant before 1"):
        groups.undo()
    assert groups.restore(3) == split
    assert groups.undo() == made, "what was meant before it was gone back to"
    assert [each.clustering for each in groups.all()] == [1, 2, 3], "nothing is overwritten"


def test_clusters_that_a_change_does_not_touch_are_told_as_before(demo_library: Library, made: Clustering) -> None:
    one, other = made.clusters[0].cluster, made.clusters[1].cluster
    merged = demo_library.groups.merge([one, other])
    for each in made.clusters[2:]:
        assert each in merged.clusters
    assert next(each.stability for each in merged.clusters if each.cluster == one) is None, "nobody measured it"


def test_two_clusterings_are_compared_whatever_lies_between_them(demo_library: Library, made: Clustering) -> None:
    one, other = made.clusters[0], made.clusters[1]
    demo_library.groups.merge([one.cluster, other.cluster])
    difference, told = demo_library.groups.compare(1, 2)
    assert difference.merged == {one.cluster: sorted([one.cluster, other.cluster])}
    assert (difference.moved, difference.added, difference.gone) == (0, 0, 0)
    assert "became" in told
    assert demo_library.groups.compare(1, 1)[1] == "nothing changed"
    renamed = demo_library.groups.rename(one.cluster, "Some", 1)
    assert demo_library.groups.compare(1, renamed.clustering)[1] == "no sound moved, but “Some” is a new title"
    with pytest.raises(NotFoundError, match="there is no clustering 9"):
        demo_library.groups.compare(1, 9)


def test_a_version_has_a_name_if_a_person_gives_it_one(demo_library: Library, made: Clustering) -> None:
    assert demo_library.groups.label(1, "  Before  the tour ").name == "Before the tour"
    assert demo_library.groups.get(1).name == "Before the tour"


def test_new_sounds_go_to_the_groups_of_their_like_without_a_new_start(
    demo_library: Library, made: Clustering, tmp_path
) -> None:
    from core.demo import KINDS as DEMO_KINDS
    from core.demo.encode import audio_bytes

    with pytest.raises(UnsupportedError, match="holds all sounds"):
        demo_library.groups.assign()
    before = demo_library.groups.members(1)
    for number in (7, 8):
        sound = DEMO_KINDS["kick"].variant(number, seed=0)
        (tmp_path / f"kick_{number}.wav").write_bytes(audio_bytes(sound.samples[None], sound.sample_rate_hz, "wav"))
    list(demo_library.ingest([tmp_path / "kick_7.wav", tmp_path / "kick_8.wav"]))
    grown = demo_library.groups.assign()
    members = demo_library.groups.members(grown.clustering)
    assert grown.change == "2 new sounds went to the nearest groups."
    kick = number_of(demo_library, made, "kick")
    assert demo_library.groups.summary(grown.clustering, kick).summary.startswith("6 sounds, ")
    assert kinds_of(demo_library, grown)[number_of(demo_library, made, "kick")] == {"kick"}
    assert members.how.count("assigned") == 2
    assert np.array_equal(members.clusters[np.isin(members.sounds, before.sounds)], before.clusters)


def test_a_sound_whose_file_is_away_stays_in_its_group_when_others_are_assigned(
    demo_library: Library, made: Clustering, tmp_path, demo_folder
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(demo_folder, copy)
    library = Library(tmp_path / "own", demo_library.settings.model_copy(update={"library": tmp_path / "own"}))
    list(library.ingest([copy]))
    library.groups.make(4)
    (copy / "rain" / "rain_0.wav").rename(tmp_path / "out.wav")
    list(library.ingest([copy]))
    shutil.copy(tmp_path / "out.wav", copy / "rain" / "again.wav")
    with (copy / "rain" / "again.wav").open("ab") as file:
        file.write(b"\0\0")  # other bytes, so another sound
    list(library.ingest([copy]))
    grown = library.groups.assign()
    assert sum(each.size for each in grown.clusters) + grown.outliers == 16


class Scripted:
    """A namer that answers what it was told to, one answer for each time that it is asked about a cluster."""

    name = "scripted"

    def __init__(self, *answers: str) -> None:
        self.answers, self.asked = answers, list[Evidence]()

    def __call__(self, evidence: Evidence) -> Name:
        turn = sum(each.cluster == evidence.cluster for each in self.asked)
        self.asked.append(evidence)
        title = self.answers[min(turn, len(self.answers) - 1)].format(evidence.keywords[0], evidence.cluster)
        return Name(title, f"All about {evidence.cluster}.", "Nothing like it.")


def test_a_namer_gets_evidence_and_its_titles_are_checked(demo_library: Library) -> None:
    namer = Scripted("the sound of {0}")
    made = demo_library.groups.make(4, namer=namer)
    assert len(namer.asked) == 4, "no name was weak"
    for evidence in namer.asked:
        assert len(evidence.typical) == evidence.size <= 4
        assert len(evidence.neighbours) == 3
        assert evidence.tags
    for each in made.clusters:
        assert each.named_by == "scripted"
        assert each.title.startswith("the sound of ")
        assert demo_library.groups.summary(1, each.cluster).summary == f"All about {each.cluster}."


def test_a_weak_title_is_asked_for_once_more_and_marked_if_it_stays_weak(demo_library: Library) -> None:
    namer = Scripted("Tuesday {1}", "Wednesday {1}")
    made = demo_library.groups.make(4, namer=namer)
    assert len(namer.asked) == 8
    refused = [(each.refused, each.refused_as) for each in namer.asked if each.refused]
    assert refused == [(f"Tuesday {n}", "a search for it does not find these sounds") for n in (1, 2, 3, 4)]
    assert all(each.is_weak and each.named_by == "scripted" for each in made.clusters)


def test_of_two_titles_that_are_alike_only_one_is_taken(demo_library: Library) -> None:
    namer = Scripted("Rain, all")
    made = demo_library.groups.make(4, namer=namer)
    assert {each.refused_as for each in namer.asked} >= {"another group has it"}
    assert [each.named_by for each in made.clusters].count("scripted") == 1
    assert len({each.title for each in made.clusters}) == 4


def test_a_namer_that_fails_leaves_the_built_in_names(demo_library: Library) -> None:
    class Failing(Scripted):
        def __call__(self, evidence: Evidence) -> Name:
            raise EarshotError("the chat model did not answer; try again")

    made = demo_library.groups.make(4, namer=Failing())
    assert {each.named_by for each in made.clusters} == {"builtin"}


def test_a_namer_that_is_away_is_not_asked_about_every_group(demo_library: Library) -> None:
    asked, over = [], threading.Event()

    class Away(Scripted):
        def __call__(self, evidence: Evidence) -> Name:
            asked.append(evidence)
            if evidence.cluster > NAMED_AT_ONCE:  # who is away takes its time
                over.wait()
            raise EarshotError("away")

    made = demo_library.groups.make(12, namer=Away())
    assert {group.named_by for group in made.clusters} == {"builtin"}
    assert len(asked) <= 2 * NAMED_AT_ONCE < 12
    over.set()


def test_titles_of_a_namer_are_one_line_without_control_signs(demo_library: Library) -> None:
    made = demo_library.groups.make(4, namer=Scripted("{0}\n\x1b[31m" + "very " * 40))
    for each in made.clusters:
        assert "\n" not in each.title and "\x1b" not in each.title and len(each.title) <= 60


def test_names_of_a_namer_stay_with_groups_that_hold_the_same_sounds_and_cost_nothing_again(demo_library) -> None:
    made = demo_library.groups.make(4, namer=Scripted("the sound of {0}"))
    for namer in (Scripted("another name of {0}"), None):
        again = demo_library.groups.make(4, namer=namer)
        assert (again.clustering, again.clusters, again.change) == (1, made.clusters, "nothing changed")
        assert namer is None or not namer.asked


def test_who_stops_pays_for_no_more_names_than_were_asked_for_at_once(demo_library) -> None:
    class Stopped(Exception):
        pass

    def stop(progress) -> None:
        if progress.label == "naming the groups" and progress.total > 3:
            raise Stopped

    class Slow(Scripted):
        def __call__(self, evidence: Evidence) -> Name:
            time.sleep(0.05)
            return super().__call__(evidence)

    namer = Slow("the sound of {0}")
    with pytest.raises(Stopped):
        demo_library.groups.make(12, namer=namer, report=stop)
    assert len(namer.asked) <= 10, "of 12 groups some were never asked about"
    assert demo_library.groups.all() == []


def test_a_change_is_made_again_where_another_was_made_meanwhile(demo_library, made, monkeypatch) -> None:
    groups, other = demo_library.groups, Library(demo_library.folder, demo_library.settings)
    keep, came_between = groups._keep, []

    def later(*args):
        if not came_between:
            came_between.append(other.groups.rename(2, "The other"))
        return keep(*args)

    monkeypatch.setattr(groups, "_keep", later)
    titles = {each.cluster: each.title for each in groups.rename(1, "Mine").clusters}
    assert (titles[1], titles[2]) == ("Mine", "The other")
    assert groups.current().based_on == came_between[0].clustering


def test_words_about_a_group_follow_its_members_and_the_names_of_its_neighbours(demo_library, made) -> None:
    groups = demo_library.groups
    rain = number_of(demo_library, made, "rain")
    kicks = ids_of(demo_library, "kick")
    moved = groups.move(kicks[:3], rain)
    for each in moved.clusters:
        summary = groups.summary(moved.clustering, each.cluster)
        count = {1: "One sound"}.get(each.size, f"{each.size} sounds")
        assert summary.summary.startswith(f"{count}, "), "the count is that of the members"
    renamed = groups.rename(rain, "Zebra crossing")
    told = [groups.summary(renamed.clustering, each.cluster).apart for each in renamed.clusters]
    assert any("Zebra crossing" in text for text in told)
    assert not any("{cluster" in text for text in told)
    merged = groups.merge([each.cluster for each in renamed.clusters if each.cluster != rain][:2])
    there = {each.title for each in merged.clusters}
    for each in merged.clusters:
        apart = groups.summary(merged.clustering, each.cluster).apart
        assert set(re.findall("than “(.*?)”", apart)) <= there


def test_new_titles_copy_no_members(demo_library, made) -> None:
    for number in range(3):
        demo_library.groups.rename(1, f"Name {number}")
    with closing(sqlite3.connect(demo_library.folder / "earshot.db")) as db:
        assert db.execute("SELECT clustering_id, count(*) FROM members GROUP BY 1").fetchall() == [(1, 15)]
    assert demo_library.groups.members(4).sounds.tolist() == demo_library.groups.members(1).sounds.tolist()


def test_an_id_is_not_given_again_after_its_clustering_is_gone(demo_library, made, monkeypatch) -> None:
    with Store(demo_library.folder).writing() as db:
        assert drop_space(db, list_spaces(db)[0]) == [1]
    list(demo_library.ingest())
    assert demo_library.groups.make(4).clustering == 2


@pytest.mark.parametrize("number", [2**63, -(2**70)])
def test_a_number_beyond_all_ids_is_one_that_is_not_there(demo_library, made, number: int) -> None:
    for ask in (demo_library.groups.get, demo_library.groups.restore, lambda n: demo_library.groups.compare(1, n)):
        with pytest.raises(NotFoundError, match="there is no clustering"):
            ask(number)
    with pytest.raises(NotFoundError, match="is not in clustering 1"):
        demo_library.groups.move([number], 1)
    with pytest.raises(NotFoundError, match="has no cluster"):
        demo_library.groups.summary(1, number)


def test_the_sounds_of_no_group_are_told_as_cluster_0(demo_library, made) -> None:
    out = demo_library.groups.move(ids_of(demo_library, "rain")[:1], 0)
    loose = demo_library.groups.summary(out.clustering, 0)
    assert (loose.title, loose.summary, len(loose.members)) == ("In no group", "1 sound that fit nowhere.", 1)
    with pytest.raises(NotFoundError, match="has no cluster 0"):
        demo_library.groups.summary(1, 0)
