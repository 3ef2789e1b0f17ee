"""A job as a request to a worker, and what the worker says of it: read with care, for it comes from outside."""

from waygrid_core.codec.json_bytes import read_json
from waygrid_core.codec.wire import MESSAGES
from waygrid_core.message.messages import NodeTraversalFailed, NodeTraversalSucceeded
from waygrid_core.model.address import ServiceAddress
from waygrid_core.model.json_value import JsonValue, Missing
from waygrid_core.outcome import Failure, Outcome, Success
from waygrid_core.traversal.error import ErrorDetail
from waygrid_shell.hosting.making import failure_of, read_output
from waygrid_shell.hosting.seat import Answered, Job
from waygrid_shell.hosting.worker import idempotency_key
from waygrid_shell.ports.live_feed import Progress
from waygrid_shell.resources.work import WorkRequest


def request_frame(number: int, address: ServiceAddress, job: Job) -> WorkRequest:
    """The job as it is given to a worker, as its delivery of that number."""
    return WorkRequest(
        delivery=number,
        address=str(address),
        attempt_key=job.key,
        idempotency_key=idempotency_key(job.request.traversal, job.request.node),
        headers=job.record.headers,
        message=read_json(job.record.value),
    )


def read_answer(document: JsonValue, job: Job) -> Outcome[Answered, str]:
    """The answer, if it is one to that job, with an output that may be kept."""
    decoded = MESSAGES.from_json(document)
    if isinstance(decoded, Failure):
        return Failure(str(decoded.failure()))
    answer = decoded.unwrap()
    if not isinstance(answer, NodeTraversalSucceeded | NodeTraversalFailed):
        return Failure(f"a {type(answer).__name__} is no answer")
    request = job.request
    if (answer.traversal, answer.node, answer.attempt) != (request.traversal, request.node, request.attempt):
        return Failure("the answer is for another attempt")
    if isinstance(answer, NodeTraversalFailed):
        error = failure_of(answer.error.code, answer.error.message)
        return Success(NodeTraversalFailed(request.traversal, request.node, request.attempt, error))
    if isinstance(answer.output, Missing):
        return Success(answer)
    output = read_output(answer.output)
    if isinstance(output, ErrorDetail):
        return Success(NodeTraversalFailed(request.traversal, request.node, request.attempt, output))
    return Success(answer)


def progress_told(job: Job, data: JsonValue) -> Progress:
    """What a worker reported, for the live feed."""
    request = job.request
    return Progress(
        traversal=request.traversal, root=request.root, node=request.node, attempt=request.attempt, data=data
    )
