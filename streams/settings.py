"""Settings, from a file and from the environment (which wins). Secrets are never printed.

`JIANCHA_SETTINGS` names a YAML file; every key can be set as `JIANCHA_<SECTION>__<KEY>`, e.g.
`JIANCHA_KAFKA__BOOTSTRAP_SERVERS=127.0.0.1:9092`. A key that ends in `_file` names a file which
holds the secret itself.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings import SettingsError as SourceError

from schemas.codes import Level
from schemas.reading import Document, SchemaError, read_document
from schemas.ticks import TickSource
from streams.settings_names import keys_of, nearest, told, unread_variables
from streams.settings_values import (
    authority,
    brokers,
    key_of_certificate,
    secret_in,
    web_address,
)

Stated = TypeVar("Stated")
Port = Annotated[int, Field(ge=1, le=65535)]
SettingSeconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Section(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        validate_default=True,  # what is missing may be wrong beside what is there
    )


class Kafka(_Section):
    """The brokers."""

    bootstrap_servers: Annotated[str, AfterValidator(brokers)] = "127.0.0.1:9092"
    embedded: bool = False
    """Whether it is the embedded broker, which has no topic ids and an older protocol."""
    partitions: Annotated[int, Field(ge=1, le=10_000)] = 24
    """The partitions of the co-partitioned topics, for `jiancha topics`."""
    replication_factor: Annotated[int, Field(ge=1, le=7)] = 1
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    username: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    """Who signed the brokers' certificates; the system's authorities, when left out."""
    cert_file: Path | None = None
    """Our own certificate, for brokers that ask for one (mTLS)."""
    key_file: Path | None = None
    session_timeout: SettingSeconds = 10.0
    rebalance_timeout: SettingSeconds = 60.0

    @field_validator("sasl_mechanism", "username", "password")
    @classmethod
    def _goes_with_sasl(cls, value: Stated, info: ValidationInfo) -> Stated:
        protocol = info.data.get("security_protocol", "")
        if protocol.startswith("SASL") and not value:
            raise ValueError(f"is missing, and security_protocol={protocol} logs in")
        if value and not protocol.startswith("SASL"):
            raise ValueError(f"is set, but security_protocol={protocol} does not log in: SASL_SSL")
        return value

    @field_validator("ca_file", "cert_file")
    @classmethod
    def _goes_with_tls(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        protocol = info.data.get("security_protocol", "")
        if value and not protocol.endswith("SSL"):
            raise ValueError(f"is set, but security_protocol={protocol} is open: SSL or SASL_SSL")
        return value

    @field_validator("ca_file")
    @classmethod
    def _is_an_authority(cls, value: Path | None) -> Path | None:
        return authority(value)

    @field_validator("key_file")
    @classmethod
    def _fits_the_certificate(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        return key_of_certificate(value, info)


class ClickHouse(_Section):
    """The history."""

    host: str = "127.0.0.1"
    port: Port = 9000
    user: str = "default"
    password: SecretStr | None = None
    password_file: Path | None = None
    database: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,62}$")] = "jiancha"
    secure: bool = False
    """Whether it is reached by TLS, on a port of its own (9440 where nobody chose another)."""
    ca_file: Path | None = None
    """Who signed its certificate; the public authorities that Python carries, when left out."""

    @field_validator("ca_file")
    @classmethod
    def _is_an_authority(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value and not info.data.get("secure"):
            raise ValueError("is set, but clickhouse.secure is false: make it true")
        return authority(value)


class Alertmanager(_Section):
    """Where cards are pushed. Without a URL each push is one structured log line."""

    url: Annotated[str, AfterValidator(web_address)] | None = None
    min_level: Level = Level.NOTICE
    digest_above: Annotated[int, Field(ge=1)] = 20
    """Cards of a region, level and window above which all of them are one digest; red never."""
    stale_after_days: Annotated[float, Field(gt=0)] = 7.0
    """A card that was written so long after it could be known is not pushed."""
    resend_every: SettingSeconds = 60.0
    digest_window: SettingSeconds = 60.0
    """Seconds of the engine's time whose cards below red are gathered before they are told."""


class Links(_Section):
    """The addresses under which people reach the pages: what alerts link to."""

    board: Annotated[str, AfterValidator(web_address)] | None = None
    """The board; the notifier does not start without it."""
    grafana: Annotated[str, AfterValidator(web_address)] | None = None

    def needed_board(self) -> str:
        """Give the board's address. Raises SettingsError when it is not set."""
        if self.board is None:
            raise SettingsError(
                "links.board is missing: the address under which people reach the board, which"
                " alerts link to, such as https://jiancha.example.gov.cn (set JIANCHA_LINKS__BOARD)"
            )
        return self.board


class Engine(_Section):
    """The engine worker."""

    group: str = "jiancha-engine"
    ticks_from: TickSource = "worker"
    """Whose ticks count: the worker's own, or a replay's."""
    tick_tolerance: SettingSeconds = 300.0
    """How far a live tick may stray from the broker's timestamp, in seconds."""
    chunk: Annotated[int, Field(ge=1, le=100_000)] = 4000
    batch: Annotated[int, Field(ge=1, le=1_000_000)] = 8000
    stall_timeout: SettingSeconds = 120.0
    """Seconds without progress, with records waiting, after which the process ends."""
    closed_days_in_memory: Annotated[int, Field(ge=0, le=36_500)] = 90
    """Days of the engine's time for which a closed case stays in memory; then it lies on disk."""
    cold_dir: Path | None = None
    """Where closed cases lie on disk: a directory on a real disk, unless given that for temporary
    files. Nothing in it is worth keeping."""


class Sink(_Section):
    """The sink."""

    group: str = "jiancha-sink"
    batch_rows: Annotated[int, Field(ge=1, le=1_000_000)] = 20_000
    batch_seconds: SettingSeconds = 1.0


class Notify(_Section):
    """The notifier."""

    group: str = "jiancha-notify"


class Http(_Section):
    """Where a role serves its metrics, its health, and the board its pages."""

    host: str = "127.0.0.1"
    port: Port = 9108
    cert_file: Path | None = None
    """The certificate to serve with; without one it is plain HTTP."""
    key_file: Path | None = None

    @field_validator("key_file")
    @classmethod
    def _fits_the_certificate(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        return key_of_certificate(value, info)


class Settings(BaseSettings):
    """All settings."""

    model_config = SettingsConfigDict(
        env_prefix="JIANCHA_",
        env_nested_delimiter="__",
        extra="ignore",  # other JIANCHA_ variables belong to the image and the tests
        frozen=True,
        hide_input_in_errors=True,
    )

    kafka: Kafka = Kafka()
    clickhouse: ClickHouse = ClickHouse()
    alertmanager: Alertmanager = Alertmanager()
    engine: Engine = Engine()
    sink: Sink = Sink()
    notify: Notify = Notify()
    links: Links = Links()
    http: Http = Http()
    catalogue: Path = Path("catalogue")
    """The catalogue's directory."""
    keys_file: Path | None = None
    """The keys by which sources sign (docs/security.md); mode 0600."""
    language: Literal["zh", "en"] = "zh"
    log: Literal["human", "json"] = "human"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @model_validator(mode="before")
    @classmethod
    def _read_secret_files(cls, values: dict[str, object]) -> dict[str, object]:
        for section in ("kafka", "clickhouse"):
            stated = values.get(section)
            if isinstance(stated, dict) and stated.get("password_file"):
                password = secret_in(f"{section}.password_file", str(stated["password_file"]))
                values[section] = {**stated, "password": password}
        return values

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let what is passed in win over the environment, and that over the file."""
        del dotenv_settings, file_secret_settings
        sources: list[PydanticBaseSettingsSource] = [init_settings, env_settings]
        if (document := _file()) is not None:
            sources.append(InitSettingsSource(settings_cls, init_kwargs=document.data or {}))
        return tuple(sources)


class SettingsError(Exception):
    """Raised when a setting is wrong; the text names it and says what to do, without its value."""


def load_settings() -> Settings:
    """Read the settings from the file and the environment.

    Raises `SettingsError` naming each wrong key, and each that nothing reads.
    """
    keys = keys_of(Settings)
    document = _checked_file(keys)
    if unread := unread_variables(os.environ, keys):
        raise SettingsError("\n".join(unread))
    try:
        return Settings()
    except ValidationError as error:
        details = error.errors(include_input=False, include_url=False)
        lines = [told(each["loc"], each["type"], each["msg"], keys, document) for each in details]
        raise SettingsError("\n".join(lines)) from None
    except SourceError as error:  # a whole section, which is written as JSON
        section = str(error.__cause__ and error).partition('"')[2].partition('"')[0]
        name = f"JIANCHA_{section.upper()}"
        raise SettingsError(
            f"{name}: a whole section is written as a JSON object; or set each key of it: {name}__…"
        ) from None


def _file() -> Document | None:
    """Read the file of settings, where one is named. Raises SchemaError."""
    file = os.environ.get("JIANCHA_SETTINGS")
    return read_document(Path(file)) if file else None


def _checked_file(keys: dict[str, frozenset[str]]) -> Document | None:
    """Read the file of settings; a key that nothing reads is an error. Raises SettingsError."""
    try:
        document = _file()
    except SchemaError as error:
        lines = (f"JIANCHA_SETTINGS: {problem}" for problem in error.problems)
        raise SettingsError("\n".join(lines)) from None
    if document is None or document.data is None:
        return document
    if not isinstance(document.data, dict):
        raise SettingsError(f"{document.file}: is no mapping: write `section:` and its keys below")
    unread = [
        f"{document.file}:{document.lines[key,]}: {key}: no setting has this name:"
        f" {nearest(key, keys)}"
        for key in document.data
        if key not in keys
    ]
    if unread:
        raise SettingsError("\n".join(unread))
    return document
