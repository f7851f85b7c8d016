"""The tool that saves what is heard as a file of subtitles: where it goes, what is agreed to, and the way back."""

from pathlib import Path

import pytest

from core.library import Library
from tests.tools.test_hear_events import video  # noqa: F401  # a fixture
from tests.tools.test_tools import artifact, call
from tools import WRITES_OUTSIDE, build_tools
from tools.save_subtitles import agreement


def test_subtitles_are_those_of_the_timeline_and_go_into_a_new_folder_of_the_exports(demo_library: Library, video: str):  # noqa: F811
    shown = artifact(demo_library, "hear_events", sound=video, start_s=1.0)
    told = artifact(demo_library, "save_subtitles", sound=video, name="clip", start_s=1.0)
    folder = demo_library.settings.exports / "clip"
    assert (told["kind"], told["folder"], told["files"], told["form"]) == ("export", str(folder), 1, "srt")
    assert (folder / "clip.srt").read_text() == shown["srt"]
    assert sorted(path.name for path in folder.iterdir()) == ["clip.srt", "clip.srt.manifest.json"]
    again = artifact(demo_library, "save_subtitles", sound=video, name="clip", format="vtt")
    assert again["folder"] == str(folder.with_name("clip (2)"))
    assert (Path(again["folder"]) / "clip.vtt").read_text().startswith("WEBVTT")


def test_a_sound_of_the_library_gives_its_name_and_a_name_is_no_path(demo_library: Library, video: str):  # noqa: F811
    told = artifact(demo_library, "save_subtitles", sound="13")
    assert [path.name for path in Path(told["folder"]).glob("*.srt")] == ["rain_0.srt"]
    told = artifact(demo_library, "save_subtitles", sound=video, name="../../etc/clip", format="vtt")
    (file,) = Path(told["folder"]).glob("*.vtt")
    assert file.parent.parent == demo_library.settings.exports
    assert Path(artifact(demo_library, "save_subtitles", sound=video)["folder"]).name == "subtitles"


def test_export_takes_them_back_unless_they_were_changed(demo_library: Library, video: str):  # noqa: F811
    folder = Path(artifact(demo_library, "save_subtitles", sound=video, name="clip")["folder"])
    undone = artifact(demo_library, "export", undo=True)
    assert (undone["kind"], undone["removed"], folder.exists()) == ("export_undone", 1, False)
    folder = Path(artifact(demo_library, "save_subtitles", sound=video, name="clip")["folder"])
    (folder / "clip.srt").write_text("mine")
    assert artifact(demo_library, "export", undo=True)["removed"] == 0
    assert (folder / "clip.srt").read_text() == "mine"


def test_nothing_else_is_saved_than_what_was_agreed_to(demo_library: Library, video: str):  # noqa: F811
    args = {"sound": video, "name": "clip", "format": "srt", "style": "sdh", "only": None, "without": None}
    args |= {"start_s": None, "end_s": None, "rename": None}
    plan, seal = agreement(demo_library, args)
    assert plan.paths == ["clip.srt"] and not plan.folder.exists()
    tool = {each.name: each for each in build_tools(demo_library, approved=lambda: seal)}["save_subtitles"]
    assert (tool.metadata or {})[WRITES_OUTSIDE]

    def answer(**given: object) -> str:
        said = tool.invoke({"name": tool.name, "args": {"sound": video, **given}, "id": "1", "type": "tool_call"})
        return str(said.status)

    for other in ({"name": "clip", "start_s": 1.0}, {"name": "clop"}, {"name": "clip", "format": "vtt"}):
        assert answer(**other) == "error"
    assert not demo_library.settings.exports.exists()
    assert answer(name="clip") == "success"
    assert (demo_library.settings.exports / "clip" / "clip.srt").exists()


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        ({"sound": "999"}, "there is no sound 999"),
        ({"sound": "a00000000"}, "there is no attached sound 'a00000000'; attach it again"),
        ({"sound": "13", "format": "ass"}, "no form of subtitles is called 'ass'; known are srt, vtt"),
        ({"sound": "13", "style": "loud"}, "there is no style 'loud' of subtitles"),
        ({"sound": "13", "only": ["trains"]}, "nothing that is heard here is 'trains'; heard is: "),
    ],
)
def test_what_cannot_be_saved_is_told_in_a_sentence_and_nothing_is_written(demo_library: Library, args, reason):
    answer = call(demo_library, "save_subtitles", **args)
    assert answer.status == "error" and reason in answer.text
    assert not demo_library.settings.exports.exists()
