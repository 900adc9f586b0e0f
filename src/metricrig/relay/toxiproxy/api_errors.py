"""The errors of the API, in Toxiproxy's own words."""

from __future__ import annotations

from http import HTTPStatus


class ApiError(Exception):
    """A request that is not granted: ``status`` and the message go to the client."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        self.status = status
        self.message = message
        super().__init__(message)

    @property
    def content(self) -> dict[str, object]:
        """As JSON has it."""
        return {"error": self.message, "status": self.status.value}


def bad_request_body(why: str) -> ApiError:
    """The body is no JSON, or its fields have other types."""
    return ApiError(HTTPStatus.BAD_REQUEST, f"bad request body: {why}")


def missing_field(name: str) -> ApiError:
    """A proxy without it makes no sense."""
    return ApiError(HTTPStatus.BAD_REQUEST, f"missing required field: {name}")


def proxy_not_found() -> ApiError:
    """No proxy has this name."""
    return ApiError(HTTPStatus.NOT_FOUND, "proxy not found")


def proxy_exists() -> ApiError:
    """Another proxy has this name."""
    return ApiError(HTTPStatus.CONFLICT, "proxy already exists")


def toxic_not_found() -> ApiError:
    """No toxic of this proxy has this name."""
    return ApiError(HTTPStatus.NOT_FOUND, "toxic not found")


def toxic_exists() -> ApiError:
    """Another toxic of this proxy has this name, in whichever direction."""
    return ApiError(HTTPStatus.CONFLICT, "toxic already exists")


def invalid_stream() -> ApiError:
    """There are two directions."""
    return ApiError(HTTPStatus.BAD_REQUEST, "stream was invalid, can be either upstream or downstream")


def invalid_toxic_type() -> ApiError:
    """No kind of toxic has this name."""
    return ApiError(HTTPStatus.BAD_REQUEST, "invalid toxic type")


def cannot_listen(address: str, why: str) -> ApiError:
    """What the system says, or we, to a listener at this address: Toxiproxy takes it for an error of its own."""
    where = f"tcp {address}" if address else "tcp"
    return ApiError(HTTPStatus.INTERNAL_SERVER_ERROR, f"listen {where}: {why}")
