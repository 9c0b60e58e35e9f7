"""What is wrong with a body before anybody reads what it says."""

from control_plane.kernel.errors import ErrorKind, TallyardError


class MediaTypeUnsupported(TallyardError):
    """The body's media type is not one of those that are read there."""

    code = "media_type_unsupported"
    kind = ErrorKind.UNSUPPORTED
    message = "The Content-Type “{value}” is not read here. Known are {known}."
    remedy = "Send the body as one of them, in UTF-8, and name it in the Content-Type header."


class EncodingUnsupported(TallyardError):
    """The body is compressed in a way that is not read, or in several at once."""

    code = "content_encoding_unsupported"
    kind = ErrorKind.UNSUPPORTED
    message = "The Content-Encoding “{value}” is not read here. Known are {known}."
    remedy = "Compress the body with one of them, once, or not at all."


class EncodingInvalid(TallyardError):
    """The body is not what its Content-Encoding says, or is cut short."""

    code = "content_encoding_invalid"
    kind = ErrorKind.INVALID
    message = "The body is not whole and valid {value}."
    remedy = "Compress the whole body again, or leave the Content-Encoding header out."


class BodyTooLarge(TallyardError):
    """The body holds more bytes than are taken at once."""

    code = "body_too_large"
    kind = ErrorKind.TOO_LARGE
    message = "Decompressed, the body has more than {largest} bytes."
    remedy = "Send the events in smaller batches."
