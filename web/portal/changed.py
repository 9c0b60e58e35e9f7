"""Where a change of a subscription leads on to."""

from litestar.response import Redirect

from billing.changing import Changed
from control_plane.kernel.ids import format_id
from web.portal.page import see


def see_changed(changed: Changed, otherwise: str, *, done: str) -> Redirect:
    """Send the browser to the invoice of a change, to the list of several, or elsewhere for none.

    ``done`` names what is said there; several invoices are told of by a notice of their own.
    """
    if len(changed.invoices) > 1:
        return see("/portal/invoices", done="several")
    for invoice in changed.invoices:
        return see(f"/portal/invoices/{format_id('inv', invoice.id)}", done=done)
    return see(otherwise, done=done)
