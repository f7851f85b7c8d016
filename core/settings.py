"""Every setting of the program, in one place: argument > environment (`EARSHOT_...`) > `.env` > default."""

import os
from pathlib import Path
from typing import Literal

from platformdirs import user_data_path, user_documents_path
from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The defaults work with no key, no download and no GPU."""

    model_config = SettingsConfigDict(env_prefix="EARSHOT_", env_file=".env", extra="ignore", populate_by_name=True)

    library: Path = Field(
        default_factory=lambda: user_data_path("earshot") / "library",
        description="The folder that holds the library: its database, attachments and index cache.",
    )
    exports: Path = Field(
        default_factory=lambda: user_documents_path() / "Earshot exports",
        description="Where the chat may copy sounds to, after asking.",
    )
    embedder: str = Field("builtin", description="The ears that new sounds are heard with.")
    captioner: str = Field("builtin", description="Who writes the captions.")
    models: Path = Field(
        default_factory=lambda: user_data_path("earshot") / "models",
        description="Where fetched weights, trained heads and autoencoders are kept.",
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field("auto", description="What the large models run on.")
    offline: bool = Field(False, description="Fetch nothing; use only the models that are on this machine.")
    clap: str = Field("laion/larger_clap_general", description="The CLAP model: an id on the hub, or a folder.")
    wav2vec2: str = Field("facebook/wav2vec2-base", description="The Wav2Vec2 model: an id on the hub, or a folder.")
    vggish: Path | None = Field(None, description="The folder that holds VGGish's two files; empty fetches them.")
    conette: str = Field("Labbeti/conette", description="The CoNeTTE model: an id on the hub, or a folder.")
    conette_task: str = Field("clotho", description="The style of CoNeTTE's captions: one of the model's task names.")
    audiosep: Path | None = Field(None, description="The file of AudioSep's published weights; it is never fetched.")
    index: str = Field("faiss", description="The vector index: faiss, or exact.")
    workers: int = Field(0, ge=0, le=64, description="Processes that listen; 0 takes one per processor.")
    lock_wait_s: float = Field(5.0, ge=0, description="How long a writer waits for another one to finish.")
    model: str = Field(
        "", description="The chat model as provider:model; empty takes Mistral if a key is set, else the embedded one."
    )
    mistral_api_key: SecretStr | None = Field(
        None, validation_alias=AliasChoices("mistral_api_key", "EARSHOT_MISTRAL_API_KEY", "MISTRAL_API_KEY")
    )
    mistral_model: str = Field(
        "mistral-small-latest",
        validation_alias=AliasChoices("mistral_model", "EARSHOT_MISTRAL_MODEL", "MISTRAL_MODEL"),
        description="Which of Mistral's models talks where the setting `model` names none.",
    )
    mistral_base_url: str = Field(
        "https://api.mistral.ai/v1",
        validation_alias=AliasChoices("mistral_base_url", "EARSHOT_MISTRAL_BASE_URL", "MISTRAL_BASE_URL"),
        description="Where Mistral's API is called.",
    )
    mcp_writes: bool = Field(False, description="Whether other assistants may add, group, change and export, over MCP.")
    event_window_s: float = Field(
        10.0, ge=1, le=60, description="How much of a sound is taken apart at a time for its events, in seconds."
    )
    subtitle_chars: int = Field(42, ge=10, le=200, description="Letters in a line of a subtitle.")
    subtitle_lines: int = Field(2, ge=1, le=10, description="Lines of sounds that a subtitle shows at once.")
    subtitle_chars_per_s: float = Field(20.0, ge=1, le=100, description="How fast a subtitle can be read.")
    subtitle_min_s: float = Field(0.833, ge=0.1, le=10, description="The shortest time that a subtitle is shown.")
    subtitle_max_s: float = Field(7.0, ge=0, description="How long a sound is shown; 0 for as long as it is heard.")
    subtitle_gap_s: float = Field(0.083, ge=0, le=1, description="The gap between subtitles that share nothing.")
    host: str = Field("127.0.0.1", description="The address the chat listens on.")
    port: int = Field(8000, ge=0, le=65535, description="The port of the chat.")
    url: str = Field("", description="By which people open the chat, such as a proxy's: https://sounds.example.org")
    upload_mb: int = Field(200, ge=1, le=4096, description="The largest attachment, in MB; it is held in memory.")
    upload_minutes: float = Field(120.0, gt=0, description="The longest sound that can be attached, in minutes.")

    @field_validator("url")
    @classmethod
    def _origin(cls, url: str) -> str:
        return url.strip().rstrip("/").lower()

    @field_validator("vggish", "audiosep", mode="before")
    @classmethod
    def _named(cls, folder: object) -> object:
        return folder or None  # an empty variable names no folder

    @field_validator("library", "exports", "models")
    @classmethod
    def _absolute(cls, folder: Path) -> Path:
        return folder.expanduser().absolute()

    @property
    def n_workers(self) -> int:
        """How many processes listen at once."""
        return self.workers or os.cpu_count() or 1
