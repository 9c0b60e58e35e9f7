"""What can be wrong with an endpoint, or with what is asked of it."""

from control_plane.kernel.errors import ErrorKind, TallyardError


class WebhookNotFound(TallyardError):
    """There is no such endpoint."""

    code = "webhook_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no webhook endpoint {id}."
    remedy = "List the endpoints to see which ones there are."


class WebhookDeliveryNotFound(TallyardError):
    """There is no such delivery, or it is older than deliveries are kept."""

    code = "webhook_delivery_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no webhook delivery {id}."
    remedy = "List the deliveries to see which ones there are; they are kept for 30 days."


class WebhookUrlInvalid(TallyardError):
    """The address cannot be called."""

    code = "webhook_url_invalid"
    kind = ErrorKind.INVALID
    message = "“{url}” cannot be an endpoint's address."
    remedy = "Give an https address with a host name, without a user, a password or a fragment."


class WebhookAddressPrivate(TallyardError):
    """The address lies inside a private network."""

    code = "webhook_address_private"
    kind = ErrorKind.INVALID
    message = "“{host}” is not reachable from the internet, so nothing is sent there."
    remedy = "Give a public address; who runs Tallyard may allow private ones in its settings."


class RobotUrlInvalid(TallyardError):
    """The address is not one that the chat's robots have."""

    code = "robot_url_invalid"
    kind = ErrorKind.INVALID
    message = "This is not the address of such a robot: it begins with {expected}."
    remedy = "Copy the whole webhook address from the robot's settings in the chat."


class RobotSecretInvalid(TallyardError):
    """A robot's signing secret is missing, or does not look like one."""

    code = "robot_secret_invalid"
    kind = ErrorKind.INVALID
    message = "A DingTalk robot needs its signing secret, which begins with SEC."
    remedy = "Switch on “sign” in the robot's security settings and copy the secret from there."


class WebhookEventsInvalid(TallyardError):
    """No event type was chosen, or an unknown one."""

    code = "webhook_events_invalid"
    kind = ErrorKind.INVALID
    message = "“{value}” is not a choice of event types."
    remedy = "Choose one or more of: {known}."


class WebhookDescriptionInvalid(TallyardError):
    """The description is too long or not printable."""

    code = "webhook_description_invalid"
    kind = ErrorKind.INVALID
    message = "“{value}” cannot be an endpoint's description."
    remedy = "Use up to {longest} printable characters."


class TooManyWebhooks(TallyardError):
    """An organisation has as many endpoints as it may have."""

    code = "too_many_webhooks"
    kind = ErrorKind.EXHAUSTED
    message = "There are {most} webhook endpoints already."
    remedy = "Remove one that is not needed any more."


class WebhookDisabled(TallyardError):
    """The endpoint is switched off, so nothing can be sent to it."""

    code = "webhook_disabled"
    kind = ErrorKind.CONFLICT
    message = "The webhook endpoint {id} is disabled."
    remedy = "Enable it first."


class RobotHasNoSecret(TallyardError):
    """A robot's secret is made in the chat, not here."""

    code = "robot_secret_not_ours"
    kind = ErrorKind.CONFLICT
    message = "The secret of a robot is made in the chat program, not here."
    remedy = "Make a new robot in the chat and a new endpoint for it here."


class WebhookOverlapInvalid(TallyardError):
    """The overlap of two secrets is out of range."""

    code = "webhook_overlap_invalid"
    kind = ErrorKind.INVALID
    message = "An overlap of {value} hours is not possible."
    remedy = "Give whole hours from 0 (the old secret ends at once) to {longest}."
