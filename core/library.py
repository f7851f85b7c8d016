"""A library: one folder on disk, and everything a caller may ask of it.

The module that callers outside of `core` need. It decides nothing about sounds itself: it brings the parts together.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core import naming, search
from core.attachments import PATTERN as ATTACHMENT
from core.attachments import Attachment, Attachments
from core.errors import NotFoundError, UnsupportedError
from core.export import Exported, copy_sounds, free_folder
from core.index import SpaceIndex, load_index
from core.records import Cluster, Clustering, ClusterSummary, Filters, Hit, Vectors
from core.settings import Settings
from core.store import clusterings as kept
from core.store import sounds, spaces
from core.store.db import Store
from core.store.spaces import Space

if TYPE_CHECKING:
    from core.ingest import Ingest
    from core.listening import Listener

EXEMPLARS = 3
SOUND = re.compile(r"#?(\d+)(?::(\d+))?")


class Library:
    """The library in a folder. Nothing is read before the first question, nothing written before the first change."""

    def __init__(self, folder: Path | None = None, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.folder = (folder or self.settings.library).expanduser().absolute()
        self._store = Store(self.folder)
        self._attachments = Attachments(self.folder / "attachments")
        self._indexes: dict[str, SpaceIndex] = {}
        self._present: tuple[tuple[int, Filters], set[int]] | None = None

    # Adding

    def ingest(self, paths: Sequence[Path], *, embedder: str | None = None, captioner: str | None = None) -> "Ingest":
        """A run that brings the library up to date with some folders and files; iterate it, then read its report."""
        from core.ingest import Ingest  # the decoder and the workers take half a second to load; a search needs neither

        ears, writer = embedder or self.settings.embedder, captioner or self.settings.captioner
        return Ingest(self._store, paths, ears, writer, self.settings)

    def attach(self, path: Path, name: str) -> Attachment:
        """Keeps a sound to ask about. Raises AudioError with the reason if there is none in the file."""
        return self._attachments.keep(path, name)

    def attachment(self, attachment_id: str) -> Attachment:
        """A sound that was attached before. Raises NotFoundError."""
        return self._attachments.get(attachment_id)

    # Finding

    def search_by_audio(
        self,
        source: Path | int | str,
        *,
        start_s: float | None = None,
        end_s: float | None = None,
        k: int = 10,
        space: str | None = None,
        filters: Filters | None = None,
    ) -> list[Hit]:
        """The k sounds most like another one, or like the part of it between two seconds; score is a cosine.

        source: a file (Path), or as text a sound "412", one of its chunks "412:7" or an attachment "a3fa9c2d1".
        Raises NotFoundError, or AudioError for a file or part that cannot be heard.
        """
        index = self.load_index(space)
        windows = self._windows_of(source, index.space, start_s, end_s)
        matches = search.by_sound(index, windows, k, self._allowed(filters))
        return self._hits(matches, index.space)

    def search_by_text(self, text: str, *, without: str = "", k: int = 10, filters: Filters | None = None) -> list[Hit]:
        """The k sounds whose names, tags or captions fit the words best, leaving out those that fit `without`.

        The score is BM25, higher is better; it has no upper bound. No words at all, or words that fit nothing: no hits.
        """
        ranked = self._ranked_by_words(text, without, self._allowed(filters))
        return self._hits([search.Match(sound_id, score, 0) for sound_id, score in ranked[: max(0, k)]], None)

    def search_by_both(
        self,
        text: str,
        source: Path | int | str,
        *,
        without: str = "",
        k: int = 10,
        space: str | None = None,
        filters: Filters | None = None,
    ) -> list[Hit]:
        """The k sounds that rank best by words and by likeness together (reciprocal rank fusion of both lists)."""
        allowed = self._allowed(filters)
        index = self.load_index(space)
        worded = self._ranked_by_words(text, without, allowed)
        barred = {sound_id for sound_id, _ in self._ranked_by_words(without, "", allowed)}
        alike = search.by_sound(index, self._windows_of(source, index.space, None, None), 10 * k, allowed - barred)
        scores = search.fused([[sound_id for sound_id, _ in worded], [match.sound_id for match in alike]])
        best = sorted(scores, key=lambda sound_id: (-scores[sound_id], sound_id))[: max(0, k)]
        chunks = {match.sound_id: match.chunk for match in alike}
        return self._hits([search.Match(each, scores[each], chunks.get(each, 0)) for each in best], index.space)

    # Knowing

    def sounds(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """All that is known of some sounds ("412") or chunks ("412:7", with start_s and end_s), in the order given.

        Raises NotFoundError that names the one that does not exist.
        """
        return [self._sound(each) for each in ids]

    def cards(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        """What a list shows of some sounds: id, path, caption, tags, duration_s, domain; in the order given."""
        with self._store.reading() as db:
            found = sounds.cards(db, ids)
        return [found[sound_id] for sound_id in ids if sound_id in found]

    def overview(self) -> dict[str, Any]:
        """How much the library holds: sounds, files, seconds_of_audio, domains, spaces, clusterings, skipped."""
        if not self._store.exists():
            return dict.fromkeys(("sounds", "files", "skipped"), 0) | {
                "seconds_of_audio": 0.0,
                "domains": {},
                "spaces": [],
                "clusterings": [],
            }
        with self._store.reading() as db:
            present = sounds.present_ids(db)
            return sounds.totals(db, present) | {
                "spaces": [space.fingerprint.as_dict() for space in spaces.list_spaces(db)],
                "clusterings": kept.clustering_ids(db),
            }

    def audio_path(self, sound_id: int) -> Path:
        """A file that holds a sound. Raises NotFoundError if there is no such sound, or its files are gone."""
        with self._store.reading() as db:
            metadata = sounds.metadata(db, sound_id)
        if metadata is None:
            raise NotFoundError(f"there is no sound {sound_id}; search for one")
        for file in metadata["files"]:
            if not file["missing"] and (path := Path(file["path"])).is_file():
                return path
        raise NotFoundError(f"the file of sound {sound_id} is gone ({metadata['path']}); ingest its folder again")

    # Grouping

    def cluster(
        self,
        k: int | None = None,
        *,
        method: str = "gmm",
        space: str | None = None,
        query: str | None = None,
        seed: int = 0,
    ) -> Clustering:
        """Groups all sounds, or those that a text finds, into k groups or as many as BIC finds, and keeps the result.

        Raises UnsupportedError when there are too few sounds for it.
        """
        from core import clustering  # scikit-learn takes a second to import; a search should not wait for it

        index = self.load_index(space)
        chosen, vectors = self._choose(index, query or "")
        clustering.check(len(chosen), k, method)
        grouping = clustering.group(vectors, k, method, seed)
        clusters, summaries = self._describe_groups(chosen, grouping.labels, grouping.typicality)
        members = [
            (int(sound), int(label) + 1, float(typicality))
            for sound, label, typicality in zip(chosen, grouping.labels, grouping.typicality, strict=True)
        ]
        with self._store.writing() as db:
            clustering_id = kept.put_clustering(
                db,
                index.space,
                method=method,
                query=query or "",
                seed=seed,
                bic=grouping.bic,
                clusters=clusters,
                summaries=summaries,
                members=members,
            )
        return self.clustering(clustering_id)

    def clusterings(self) -> list[Clustering]:
        """All clusterings, oldest first."""
        with self._store.reading() as db:
            return [kept.get_clustering(db, each) for each in kept.clustering_ids(db)]

    def clustering(self, clustering_id: int) -> Clustering:
        """One clustering. Raises NotFoundError with the ids there are."""
        with self._store.reading() as db:
            return kept.get_clustering(db, clustering_id)

    def latest_clustering(self) -> Clustering:
        """The newest clustering. Raises NotFoundError when there is none."""
        with self._store.reading() as db:
            ids = kept.clustering_ids(db)
            if not ids:
                raise NotFoundError("nothing was clustered yet; cluster the sounds first")
            return kept.get_clustering(db, ids[-1])

    def summarize_cluster(self, clustering_id: int, cluster: int) -> ClusterSummary:
        """What one cluster holds, with all its members. Raises NotFoundError with the clusters there are."""
        whole = self.clustering(clustering_id)
        found = next((each for each in whole.clusters if each.cluster == cluster), None)
        if found is None:
            raise NotFoundError(f"clustering {clustering_id} has no cluster {cluster}; it has 1 to {whole.k}")
        with self._store.reading() as db:
            summary = kept.get_summary(db, clustering_id, cluster)
            members = kept.get_members(db, clustering_id, cluster)
        return ClusterSummary(clustering_id, cluster, found.title, summary, found.keywords, members)

    # Taking away

    def export(self, ids: Sequence[int], *, clustering: int | None = None, name: str = "") -> Exported:
        """Copies sounds, or all clusters of a clustering, into a new folder under the exports folder of the settings.

        A clustering goes to `clusters/cluster-n/`. Raises NotFoundError if a sound is unknown or its file is gone.
        """
        if clustering is None and not ids:
            raise UnsupportedError("there is nothing to export; name some sounds or a clustering")
        parts: list[tuple[str, list[Path]]] = [("", [self.audio_path(each) for each in ids])] if ids else []
        if clustering is not None:
            for cluster in self.clustering(clustering).clusters:
                members = self.summarize_cluster(clustering, cluster.cluster).members
                parts.append((f"clusters/cluster-{cluster.cluster}", [self.audio_path(each) for each in members]))
        title = name or (f"clustering {clustering}" if clustering is not None else "sounds")
        return copy_sounds(free_folder(self.settings.exports, title), parts)

    # Parts of the above

    def load_index(self, space: str | None = None) -> SpaceIndex:
        """The index of a space, fresh: another process may have added sounds since the last question."""
        with self._store.reading() as db:
            found = spaces.find_space(db, space or self.settings.embedder)
        held = self._indexes.get(found.fingerprint.name)
        if held is None or held.space != found:
            held = load_index(self._store, found, self.settings.index, held)
            self._indexes[found.fingerprint.name] = held
        return held

    def _allowed(self, filters: Filters | None) -> set[int]:
        """The sounds that are there and pass the filters; remembered until the next change of the library."""
        with self._store.reading() as db:
            key = (sounds.revision(db), filters or Filters())
            if self._present is None or self._present[0] != key:
                self._present = (key, sounds.present_ids(db, filters))
            return self._present[1]

    def _windows_of(
        self, source: Path | int | str, space: Space, start_s: float | None, end_s: float | None
    ) -> Vectors:
        """The vectors of what a search starts from, float32 (n_windows, dim)."""
        if isinstance(source, str) and ATTACHMENT.fullmatch(source):
            source = self.attachment(source).path
        if isinstance(source, Path):
            return self._listener(space).embed(source, start_s or 0.0, end_s)
        sound_id, chunk = parse_reference(str(source))
        if start_s is not None or end_s is not None:
            return self._listener(space).embed(self.audio_path(sound_id), start_s or 0.0, end_s)
        with self._store.reading() as db:
            self._require(db, sound_id)
            windows = spaces.get_vectors(db, space, sound_id)
        if chunk is None:
            return windows
        if chunk >= len(windows):
            raise NotFoundError(f"sound {sound_id} has no chunk {chunk}; it has 0 to {len(windows) - 1}")
        return windows[chunk : chunk + 1]

    def _listener(self, space: Space) -> "Listener":
        from core.listening import Listener  # decoding and the ears load when a file is heard, not before

        listener = Listener(space.fingerprint.name)
        if listener.embedder.fingerprint() != space.fingerprint:
            message = f"the vectors of {space.fingerprint.name!r} were made by an older version of these ears"
            raise UnsupportedError(f"{message}; ingest the folders again to bring them up to date")
        return listener

    def _ranked_by_words(
        self, text: str, without: str, allowed: set[int], k: int | None = None
    ) -> list[tuple[int, float]]:
        """The k best sounds for some words, or all that match, with their scores."""
        query = search.words_query(text, without)
        if not query:
            return []
        most = -1 if k is None else 4 * k
        with self._store.reading() as db:
            while True:
                found = sounds.search_words(db, query, most)
                ranked = [(sound_id, score) for sound_id, score in found.items() if sound_id in allowed]
                if most < 0 or len(found) < most or len(ranked) >= (k or 0):
                    return ranked[:k]
                most *= 4

    def _hits(self, matches: Sequence[search.Match], space: Space | None) -> list[Hit]:
        cards = {card["id"]: card for card in self.cards([match.sound_id for match in matches])}
        hits = []
        for match in matches:
            card = cards[match.sound_id]
            start_s, end_s = 0.0, card["duration_s"]
            if space is not None:
                start_s = match.chunk * space.fingerprint.hop_s
                end_s = min(start_s + space.fingerprint.window_s, card["duration_s"])
            hits.append(Hit(**card, start_s=round(start_s, 3), end_s=round(end_s, 3), score=match.score))
        return hits

    def _sound(self, reference: str) -> dict[str, Any]:
        sound_id, chunk = parse_reference(reference)
        with self._store.reading() as db:
            metadata = self._require(db, sound_id)
            space = spaces.find_space(db, self.settings.embedder)
            n_chunks = len(spaces.get_vectors(db, space, sound_id))
        metadata["n_chunks"] = n_chunks
        if chunk is not None:
            if chunk >= n_chunks:
                raise NotFoundError(f"sound {sound_id} has no chunk {chunk}; it has 0 to {n_chunks - 1}")
            start_s = chunk * space.fingerprint.hop_s
            end_s = min(start_s + space.fingerprint.window_s, metadata["duration_s"])
            metadata |= {"chunk": chunk, "start_s": start_s, "end_s": round(end_s, 3)}
        return metadata

    def _require(self, db: Any, sound_id: int) -> dict[str, Any]:
        metadata = sounds.metadata(db, sound_id)
        if metadata is None:
            raise NotFoundError(f"there is no sound {sound_id}; search for one, or list them with: earshot search")
        return metadata

    def _choose(self, index: SpaceIndex, query: str) -> tuple[np.ndarray, Vectors]:
        """Ids and vectors of the sounds to group: all that are present, or those that a text finds."""
        allowed = self._allowed(None)
        if query:
            allowed = {sound_id for sound_id, _ in self._ranked_by_words(query, "", allowed)}
        with self._store.reading() as db:
            held = spaces.all_vectors(db, index.space)
        rows = np.isin(held.sounds, list(allowed))
        return held.sounds[rows], held.vectors[rows]

    def _describe_groups(
        self, chosen: np.ndarray, labels: np.ndarray, typicality: np.ndarray
    ) -> tuple[list[Cluster], list[str]]:
        cards = {card["id"]: card for card in self.cards(chosen.tolist())}
        described = [_described(cards[sound_id]) for sound_id in chosen.tolist()]
        n_groups = int(labels.max()) + 1
        groups = [[each for each, label in zip(described, labels, strict=True) if label == g] for g in range(n_groups)]
        ranked = naming.keywords(groups)
        clusters, summaries = [], []
        for g, title in enumerate(naming.titles(ranked)):
            inside = np.flatnonzero(labels == g)
            best = inside[np.lexsort((chosen[inside], -typicality[inside]))][:EXEMPLARS]
            clusters.append(Cluster(g + 1, title, len(inside), ranked[g], chosen[best].tolist()))
            summaries.append(naming.summarise(groups[g], ranked[g]))
        return clusters, summaries


def _described(card: dict[str, Any]) -> naming.Described:
    words = naming.sound_words(sounds.name_words(card["path"]), card["tags"])
    return naming.Described(words, card["duration_s"], card["domain"])


def parse_reference(reference: str) -> tuple[int, int | None]:
    """The sound, and the chunk if one is named, in "412", "#412" or "412:7". Raises NotFoundError for anything else."""
    match = SOUND.fullmatch(reference.strip())
    if match is None:
        raise NotFoundError(f"{reference!r} names no sound; name one as 412, or a chunk of it as 412:7")
    return int(match[1]), None if match[2] is None else int(match[2])
