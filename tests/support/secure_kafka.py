"""A real broker that lets nobody in without a name, and nobody do what is not granted."""

from __future__ import annotations

import argparse
import contextlib
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)

from deploy.local.ports import free_port
from deploy.local.real_kafka import KafkaError, RealKafka
from tests.support.certificates import certificates
from tests.support.need import absent, need

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

ADMIN = "admin"
MECHANISM = "SCRAM-SHA-512"
OPERATIONS = {
    "Read": AclOperation.READ,
    "Write": AclOperation.WRITE,
    "Describe": AclOperation.DESCRIBE,
    "Create": AclOperation.CREATE,
    "DescribeConfigs": AclOperation.DESCRIBE_CONFIGS,
}


def password(user: str) -> str:
    """Tell a user's password: one that no other text holds."""
    return f"canary-pw-{user}-7Qx9"


@dataclass(frozen=True)
class SecureKafka:
    """A broker with SASL_SSL on one port and client certificates on the other."""

    broker: RealKafka
    mutual_port: int
    tls: Path

    @property
    def bootstrap(self) -> str:
        return self.broker.bootstrap

    @property
    def mutual(self) -> str:
        """The address where a client certificate says who one is."""
        return f"127.0.0.1:{self.mutual_port}"

    def settings(self, user: str, **more: str | None) -> dict[str, str | None]:
        """Give the settings of section `kafka` for a user."""
        return {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": MECHANISM,
            "username": user,
            "password": password(user),
            "ca_file": str(self.tls / "ca.pem"),
            **more,
        }

    def client(self, user: str = ADMIN) -> dict[str, str]:
        """Give a confluent-kafka client's configuration for a user."""
        return {
            "bootstrap.servers": self.bootstrap,
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": MECHANISM,
            "sasl.username": user,
            "sasl.password": password(user),
            "ssl.ca.location": str(self.tls / "ca.pem"),
        }


@contextlib.contextmanager
def secure_kafka(folder: Path, *users: str) -> Iterator[SecureKafka]:
    """Run one for some users; `admin` may do everything."""
    need("java")
    tls = certificates(folder / "tls", "kafka=localhost,127.0.0.1", *users)
    port, mutual, controller = free_port(), free_port(), free_port()
    clients = f"SASL_SSL://127.0.0.1:{port},SSL://127.0.0.1:{mutual}"
    pem = {
        "keystore.type": "PEM",
        "keystore.location": _keystore(tls, "kafka"),
        "truststore.type": "PEM",
        "truststore.location": tls / "ca.pem",
    }
    module = "org.apache.kafka.common.security.scram.ScramLoginModule"
    properties = {
        "listeners": f"{clients},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": clients,
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listener.security.protocol.map": "SASL_SSL:SASL_SSL,SSL:SSL,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "SASL_SSL",
        "sasl.enabled.mechanisms": MECHANISM,
        "sasl.mechanism.inter.broker.protocol": MECHANISM,
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": f"{module} required"
        f' username="{ADMIN}" password="{password(ADMIN)}";',
        **{f"ssl.{name}": value for name, value in pem.items()},
        "listener.name.ssl.ssl.client.auth": "required",
        "ssl.principal.mapping.rules": "RULE:^CN=(.*?)$/$1/,DEFAULT",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        # The controller, which no client reaches, knows its broker by no name.
        "super.users": f"User:{ADMIN};User:ANONYMOUS",
    }
    logins = {user: password(user) for user in (ADMIN, *users)}
    try:
        broker = RealKafka(folder / "data", port, brief=True, properties=properties, users=logins)
    except KafkaError as error:  # no jars
        absent(str(error))
    try:
        broker.start()
        yield SecureKafka(broker, mutual, tls)
    finally:
        broker.stop()


def _keystore(tls: Path, name: str) -> Path:
    """Put key and certificates into one file, as Kafka reads them."""
    file = tls / f"{name}.keystore.pem"
    parts = (tls / f"{name}.key", tls / f"{name}.pem", tls / "ca.pem")
    file.write_text("".join(part.read_text() for part in parts))
    return file


class Access:
    """The rules that `jiancha topics --acls` prints, as a broker holds them."""

    def __init__(self, kafka: SecureKafka, commands: Iterable[str]) -> None:
        self._admin = AdminClient(kafka.client())
        self.rules = [rule for command in commands for rule in _rules(command)]

    def grant(self, only: Callable[[AclBinding], bool] = lambda _: True) -> None:
        """Allow what they say; what is allowed already stays."""
        for done in self._admin.create_acls([r for r in self.rules if only(r)]).values():
            done.result(10)

    def withdraw(self, only: Callable[[AclBinding], bool]) -> None:
        """Take some of them back."""
        chosen = [
            AclBindingFilter(
                rule.restype, rule.name, rule.resource_pattern_type,
                rule.principal, rule.host, rule.operation, rule.permission_type,
            )
            for rule in self.rules
            if only(rule)
        ]  # fmt: skip
        assert chosen
        for done in self._admin.delete_acls(chosen).values():
            assert done.result(10)

    def close(self, user: str) -> None:
        """Take a user's login away."""
        self._alter(UserScramCredentialDeletion(user, ScramMechanism.SCRAM_SHA_512))

    def open(self, user: str) -> None:
        """Give it back."""
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        self._alter(UserScramCredentialUpsertion(user, info, password(user).encode()))

    def _alter(self, alteration: UserScramCredentialAlteration) -> None:
        (done,) = self._admin.alter_user_scram_credentials([alteration]).values()
        done.result(20)


def _rules(command: str) -> Iterator[AclBinding]:
    parser = argparse.ArgumentParser()
    for name in ("bootstrap-server", "allow-principal", "resource-pattern-type"):
        parser.add_argument(f"--{name}")
    for name in ("operation", "topic", "group", "transactional-id"):
        parser.add_argument(f"--{name}", action="append", default=[])
    parser.add_argument("--add", action="store_true", required=True)
    program, *words = shlex.split(command)
    assert program == "kafka-acls.sh"
    said = parser.parse_args(words)
    pattern = said.resource_pattern_type or "literal"
    kinds = {
        ResourceType.TOPIC: said.topic,
        ResourceType.GROUP: said.group,
        ResourceType.TRANSACTIONAL_ID: said.transactional_id,
    }
    for kind, names in kinds.items():
        for name in names:
            for operation in said.operation:
                yield AclBinding(
                    kind, name, ResourcePatternType[pattern.upper()], said.allow_principal, "*",
                    OPERATIONS[operation], AclPermissionType.ALLOW,
                )  # fmt: skip
