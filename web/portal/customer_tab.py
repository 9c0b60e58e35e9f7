"""A tab of finance's pages about one customer: opened on record, shown again where it refuses."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from litestar.response import Redirect

from control_plane.kernel.ids import TenantId
from web.compose import Application
from web.openings import opened_by_staff
from web.portal.customer_frame import CustomerFrame, customer_page, owner_of, read_frame, tab_url
from web.portal.forms import Submitted, attempt
from web.portal.page import Page, PageRequest, language_of, see
from web.portal.views.shell import Form


@dataclass(frozen=True, slots=True)
class CustomerTab:
    """What stands under one tab.

    ``opened`` is what the audit trail says was looked at; ``read`` reads the template's view, in
    the transaction that the frame is read in.
    """

    name: str
    opened: str
    template: str
    read: Callable[[PageRequest, Application, CustomerFrame], Awaitable[object]]

    async def open(self, request: PageRequest, application: Application, tenant_id: str) -> Page:
        """Show the tab, and record in the customer's audit trail that it was looked at."""
        owner = owner_of(tenant_id)
        async with opened_by_staff(request, application, owner, self.opened):
            return await self.show(request, application, owner)

    async def show(
        self,
        request: PageRequest,
        application: Application,
        owner: TenantId,
        form: Form | None = None,
        status: int = 200,
    ) -> Page:
        """Show the tab, with a form as it stands."""
        async with application.work(owner):
            frame = await read_frame(application, owner, self.name, language_of(request))
            view = await self.read(request, application, frame)
        return await customer_page(
            request, application, frame, self.template, form=form, status=status, view=view
        )

    async def attempt(
        self,
        request: PageRequest,
        application: Application,
        tenant_id: str,
        form: Submitted,
        act: Callable[[], Awaitable[object]],
        done: str,
    ) -> Page | Redirect:
        """Do what a form of the tab asks for; refused, show the tab again with why."""

        async def again(shown: Form, status: int) -> Page:
            return await self.show(request, application, owner_of(tenant_id), shown, status)

        onward = see(tab_url(tenant_id, self.name), done=done)
        return await attempt(request, form, act, again, onward)
