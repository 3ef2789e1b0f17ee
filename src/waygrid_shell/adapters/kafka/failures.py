"""What errors of Kafka and of its driver mean to the person who runs Waygrid."""

import logging
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from aiokafka import errors

from waygrid_shell.ports.failure import Unavailable
from waygrid_shell.telemetry.quieting import quiet


def sentence_of(error: BaseException) -> str:
    """What happened, and the cure if there is one."""
    match error:
        case errors.TopicAuthorizationFailedError():
            return f"it is not allowed to use topic {error}; grant READ, WRITE and DESCRIBE on it to Waygrid's user"
        case errors.GroupAuthorizationFailedError():
            return f"it is not allowed to use group {error}; grant READ on it to Waygrid's user"
        case errors.ClusterAuthorizationFailedError():
            return (
                "it is not allowed to do that; grant CREATE and DESCRIBE on the cluster to Waygrid's user,"
                " or make the topics by hand: waygrid topics create"
            )
        case errors.AuthenticationFailedError() | errors.SaslAuthenticationFailed():
            return (
                f"Kafka refuses the name or the password ({_text(error)});"
                " check kafka.sasl_username, kafka.sasl_password and kafka.sasl_mechanism"
            )
        case errors.UnsupportedSaslMechanismError():
            return f"Kafka does not take that SASL mechanism ({_text(error)}); check kafka.sasl_mechanism"
        case ssl.SSLCertVerificationError():
            return (
                f"the certificate of the broker is not trusted ({error.verify_message});"
                " check kafka.ca_file and the names in kafka.servers"
            )
        case ssl.SSLError():
            return f"TLS with the broker fails ({_text(error)}); check kafka.security_protocol and the port"
        case errors.UnknownTopicOrPartitionError():
            return "a topic is missing; make it with: waygrid topics create"
        case errors.NotEnoughReplicasError() | errors.NotEnoughReplicasAfterAppendError():
            return "too few replicas are in sync (min.insync.replicas); see which brokers are down"
        case errors.MessageSizeTooLargeError() | errors.RecordListTooLargeError():
            return "a record is too large for its topic; raise max.message.bytes: waygrid topics check says to what"
        case errors.KafkaTimeoutError() | errors.RequestTimedOutError() | TimeoutError():
            return "no broker has answered in time; see whether Kafka runs and the network lets us through"
        case errors.KafkaConnectionError() | OSError():
            return f"no broker answers ({_text(error)}); see whether Kafka runs, and check kafka.servers"
        case _:
            return _text(error)


def unavailable(error: BaseException, port: str = "event log") -> Unavailable:
    """The failure of the port that this error is."""
    return Unavailable(port, sentence_of(error))


@contextmanager
def failing_as(port: str) -> Iterator[None]:
    """Turn errors of the driver into failures of that port."""
    try:
        yield
    except (errors.KafkaError, OSError) as error:
        raise unavailable(error, port) from error


def _text(error: BaseException) -> str:
    return str(error) or type(error).__name__


def quiet_the_driver() -> None:
    """Let the driver's log lines go through ours; once is enough."""
    quiet("aiokafka", "Kafka", trouble_from=logging.ERROR)


def listed(names: Iterable[str]) -> str:
    """Names in a sentence."""
    return ", ".join(sorted(names))
