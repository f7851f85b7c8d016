"""The 521 kinds of sound: their order, what stands above them, what they imply, and the domain of each."""

import json
from pathlib import Path

import pytest

from core.ontology import ASSET, audioset
from core.records import DOMAINS
from core.training import ontology as making

ONTOLOGY = audioset()


def implied(name: str) -> set[str]:
    return {ONTOLOGY.names[place] for place in ONTOLOGY.implied[ONTOLOGY.index[name]]}


def test_the_classes_stand_in_the_order_the_ears_were_taught() -> None:
    assert len(ONTOLOGY.names) == len(set(ONTOLOGY.names)) == 521
    ends = {0: "Speech", 69: "Dog", 132: "Music", 283: "Rain", 494: "Silence", 520: "Field recording"}
    assert {place: ONTOLOGY.names[place] for place in ends} == ends


def test_every_class_is_described_and_stands_under_known_names_only() -> None:
    known = {*ONTOLOGY.names, *ONTOLOGY.abstract}
    assert all(heard.description for heard in ONTOLOGY.classes)
    assert all(set(heard.parents) <= known for heard in ONTOLOGY.classes)
    assert all(set(parents) <= known for parents in ONTOLOGY.abstract.values())
    assert not set(ONTOLOGY.abstract) & set(ONTOLOGY.names)


def test_no_name_stands_above_itself() -> None:
    assert [name for name in ONTOLOGY.names if name in ONTOLOGY.ancestors(name)] == []


def test_ancestors_go_all_the_way_up_over_every_parent() -> None:
    assert ONTOLOGY.ancestors("Bow-wow") == {"Dog", "Domestic animals, pets", "Animal"}
    assert {"Bell", "Bicycle", "Alarm", "Vehicle", "Musical instrument"} <= ONTOLOGY.ancestors("Bicycle bell")
    assert ONTOLOGY.related("Dog", "Bark") and ONTOLOGY.related("Bark", "Dog") and not ONTOLOGY.related("Dog", "Cat")


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("Bark", {"Dog", "Domestic animals, pets", "Animal"}),
        ("Jet engine", {"Aircraft engine", "Aircraft", "Vehicle", "Engine"}),
        ("Jazz", {"Music"}),
        ("Hiss", set()),  # a cat's, a snake's or steam
        ("Growling", {"Animal"}),  # of a dog, a cat or a lion
        ("Knock", set()),  # not only on doors
        ("Church bell", {"Bell"}),  # no music
        ("Bicycle bell", {"Bell"}),  # no bicycle
        ("Speech", set()),
    ],
)
def test_a_class_implies_what_is_surely_there_with_it(name: str, others: set[str]) -> None:
    assert implied(name) == others


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("Conversation", "speech"),
        ("Crowd", "speech"),
        ("Choir", "singing"),
        ("Hi-hat", "music"),
        ("Techno", "music"),
        ("Rattle", "effect"),
        ("Clip-clop", "animal"),
        ("Raindrop", "nature"),
        ("Crackle", "nature"),
        ("Chainsaw", "machine"),
        ("Telephone", "machine"),
        ("Church bell", "effect"),
        ("Laughter", "effect"),
        ("Glass", "effect"),
        ("Silence", "silence"),
        ("Echo", ""),
        ("Inside, small room", ""),
    ],
)
def test_a_class_belongs_to_the_domain_a_person_would_file_it_under(name: str, domain: str) -> None:
    assert ONTOLOGY.classes[ONTOLOGY.index[name]].domain == domain


def test_all_domains_have_classes_and_only_the_surroundings_have_none() -> None:
    assert all(ONTOLOGY.by_domain[domain] for domain in DOMAINS)
    homeless = {heard.name for heard in ONTOLOGY.classes if not heard.domain}
    assert len(homeless) == 12 and {"Reverberation", "Radio", "Outside, rural or natural"} <= homeless


def test_the_asset_is_small_and_gives_credit() -> None:
    assert ASSET.stat().st_size < 200_000
    assert "CC BY-SA 4.0" in json.loads(ASSET.read_text(encoding="utf-8"))["credit"]


# --- how it is made ---------------------------------------------------------------------------------------------------


def node(name: str, *children: str) -> dict[str, object]:
    return {"id": f"/m/{name}", "name": name, "description": f"{name}.", "child_ids": [f"/m/{c}" for c in children]}


def test_names_above_a_class_are_kept_and_its_domain_is_the_nearest_one() -> None:
    nodes = [node("Sounds of things", "Engine"), node("Engine", "Idling"), node("Idling"), node("Wind")]
    made = making.build(nodes, ["/m/Idling"])
    assert made["abstract"] == {"Engine": ["Sounds of things"], "Sounds of things": []}
    expected = {"name": "Idling", "description": "Idling.", "parents": ["Engine"], "domain": "machine"}
    assert made["classes"] == [expected]


@pytest.mark.parametrize("nodes", [[node("Engine", "X"), node("Animal", "X"), node("X")], [node("X")]])
def test_a_class_between_domains_is_refused_by_its_name(nodes: list[dict[str, object]]) -> None:
    with pytest.raises(ValueError, match=r"'X'.*DOMAINS_OF"):
        making.build(nodes, ["/m/X"])


def test_what_is_written_is_what_was_built(tmp_path: Path) -> None:
    (tmp_path / "ontology.json").write_text(json.dumps([node("Music", "Jazz"), node("Jazz")]), encoding="utf-8")
    (tmp_path / "classes.csv").write_text("index,mid,display_name\n0,/m/Jazz,Jazz\n", encoding="utf-8")
    size = making.write(tmp_path / "ontology.json", tmp_path / "classes.csv", tmp_path / "out.json")
    held = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert size == (tmp_path / "out.json").stat().st_size
    assert [row["name"] for row in held["classes"]] == ["Jazz"] and held["abstract"] == {"Music": []}
