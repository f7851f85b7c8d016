"""What a model names must have been returned by a tool, by a reading that shares nothing with the program's checker."""

import pytest

from tests.evals.claims import Returned, invented

HITS = {
    "kind": "hits",
    "title": "Sounds like “kick_1.wav”",
    "hits": [{"id": 12, "name": "rain_1.wav"}, {"id": 7, "name": "rain_2.wav"}],
}
GROUPS = {"kind": "clustering", "clusters": [{"cluster": 3, "exemplars": [21, 22], "size": 9}]}


@pytest.fixture
def returned() -> Returned:
    told = Returned()
    told.hear_person("find rain, and tell me of sound 99 and mine.flac")
    told.hear_tool(HITS)
    told.hear_tool(GROUPS)
    return told


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Sound 12, “rain_1.wav”, and sound 7.", []),
        ("Sound 13 is better.", ["Sound 13"]),
        ("Try #7 or #8", ["#8"]),
        ("[play](/library/audio/12) [play](/library/audio/14)", ["/library/audio/14"]),
        ("Cluster 3 holds sound 21; group 4 does not.", ["group 4"]),
        ("Nothing like rain_9.wav or kick_1.wav", ["rain_9.wav"]),
        ("There is no sound 99, and no mine.flac.", []),
        ("sounds 5 s long; recordings 3 seconds long", []),
        ("I found 9 sounds. Say “export 412 and sound 57”.", []),
    ],
)
def test_only_what_was_returned_or_said_may_be_named(returned: Returned, text: str, names: list[str]) -> None:
    assert invented(text, returned) == names


def test_the_list_shown_last_is_the_last_that_is_not_empty(returned: Returned) -> None:
    assert returned.listed == [12, 7]
    returned.hear_tool({"kind": "hits", "hits": []})
    returned.hear_tool(None)
    assert returned.listed == [12, 7]
    returned.hear_tool({"kind": "sounds", "sounds": [{"id": 5, "name": "a.wav"}]})
    assert returned.listed == [5]
