"""Chinese VAT invoices."""

from functools import cached_property

from billing.providers.fapiao.choose import FapiaoProviders
from billing.providers.fapiao.manual import ManualFapiaoProvider
from billing.providers.fapiao.simulator import DatabaseCabinet, FapiaoSimulator
from billing.services.fapiao.advance_fapiao import AdvanceFapiao, DeliverFapiao, LookAtFapiao
from billing.services.fapiao.download_fapiao import DownloadFapiao
from billing.services.fapiao.fapiao_title import GetFapiaoTitle, SetFapiaoTitle
from billing.services.fapiao.list_fapiao import GetFapiao, ListAllFapiao, ListFapiao
from billing.services.fapiao.list_fapiao_offers import ListFapiaoOffers
from billing.services.fapiao.open_red_fapiao import OpenRedFapiao
from billing.services.fapiao.play_buyer import PlayFapiaoBuyer
from billing.services.fapiao.record_fapiao import RecordFapiao
from billing.services.fapiao.request_fapiao import RequestFapiao
from billing.services.fapiao.retry_fapiao import RetryFapiao, WithdrawFapiao
from billing.services.fapiao.reverse_fapiao import ReverseFapiao
from web.parts.documents import DocumentsPart


class FapiaoPart(DocumentsPart):
    """Use cases: Chinese VAT invoices."""

    @cached_property
    def fapiao_simulator(self) -> FapiaoSimulator:
        return FapiaoSimulator(DatabaseCabinet(self.work, self.tenant_clock))

    @cached_property
    def fapiao_providers(self) -> FapiaoProviders:
        return FapiaoProviders(live=ManualFapiaoProvider(), sandbox=self.fapiao_simulator)

    @cached_property
    def get_fapiao_title(self) -> GetFapiaoTitle:
        return GetFapiaoTitle(self.work)

    @cached_property
    def set_fapiao_title(self) -> SetFapiaoTitle:
        return SetFapiaoTitle(self.work, self.tenant_clock)

    @cached_property
    def list_fapiao_offers(self) -> ListFapiaoOffers:
        return ListFapiaoOffers(self.work)

    @cached_property
    def request_fapiao(self) -> RequestFapiao:
        return RequestFapiao(self.work, self.tenant_clock, self.fapiao_providers)

    @cached_property
    def list_fapiao(self) -> ListFapiao:
        return ListFapiao(self.work)

    @cached_property
    def list_all_fapiao(self) -> ListAllFapiao:
        return ListAllFapiao(self.staff)

    @cached_property
    def get_fapiao(self) -> GetFapiao:
        return GetFapiao(self.work)

    @cached_property
    def download_fapiao(self) -> DownloadFapiao:
        return DownloadFapiao(self.work, self.fapiao_providers)

    @cached_property
    def retry_fapiao(self) -> RetryFapiao:
        return RetryFapiao(self.work)

    @cached_property
    def withdraw_fapiao(self) -> WithdrawFapiao:
        return WithdrawFapiao(self.work)

    @cached_property
    def reverse_fapiao(self) -> ReverseFapiao:
        return ReverseFapiao(self.work, self.tenant_clock)

    @cached_property
    def record_fapiao(self) -> RecordFapiao:
        return RecordFapiao(self.work, self.tenant_clock, self.fapiao_providers)

    @cached_property
    def play_fapiao_buyer(self) -> PlayFapiaoBuyer:
        return PlayFapiaoBuyer(self.work, self.fapiao_simulator)

    @cached_property
    def advance_fapiao(self) -> AdvanceFapiao:
        return AdvanceFapiao(self.work, self.clock, self.tenant_clock, self.fapiao_providers)

    @cached_property
    def deliver_fapiao(self) -> DeliverFapiao:
        return DeliverFapiao(self.advance_fapiao)

    @cached_property
    def open_red_fapiao(self) -> OpenRedFapiao:
        return OpenRedFapiao(self.work, self.tenant_clock)

    @cached_property
    def look_at_fapiao(self) -> LookAtFapiao:
        return LookAtFapiao(self.system, self.advance_fapiao, self.clock)
