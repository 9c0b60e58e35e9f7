"""Every case that broke another billing system has a test named after it here."""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
CASES = {
    "anchor 29, 30, 31 in every interval": {
        "scenarios/test_subscription_life.py": [
            "test_anchors_29_30_31_hold_in_every_interval",
        ],
        "property/kernel/test_anchors_tile.py": [
            "test_periods_tile_fifty_five_years_from_every_late_day_of_a_month",
        ],
    },
    "a mid-quarter join uses the quarter's true length": {
        "scenarios/test_subscription_life.py": [
            "test_a_mid_quarter_join_uses_the_quarters_true_length",
        ],
    },
    "usage at 01:30 twice on a DST night gives the same invoice in any server zone": {
        "integration/billing/test_dst_nights.py": [
            "test_usage_at_0130_twice_on_a_dst_night_gives_the_same_invoice_in_any_server_zone",
        ],
    },
    "1,300,000 won and 99,999,999.99 yuan are exact": {
        "integration/billing/test_cases_that_broke_others.py": [
            "test_1_300_000_won_and_99_999_999_99_yuan_are_exact",
        ],
    },
    "the scheduler is down for three days over two period ends": {
        "integration/billing/test_closing_periods.py": [
            "test_three_days_of_downtime_over_two_period_ends_yield_both_invoices_dated_right",
        ],
    },
    "two workers close one period and one invoice exists": {
        "integration/billing/test_convergence.py": [
            "test_two_workers_on_one_period_issue_one_invoice",
        ],
        "integration/billing/test_random_histories.py": [
            "test_two_workers_at_once_issue_the_documents_of_one",
        ],
    },
    "a crash between any two writes of ingest": {
        "integration/metering/test_exactly_once.py": [
            "test_a_connection_killed_between_any_two_statements_leaves_all_or_nothing",
        ],
    },
    "a crash between any two writes of close, issue and note": {
        "integration/billing/test_convergence.py": [
            "test_a_crash_between_any_two_writes_of_the_close_has_one_effect",
            "test_a_crash_between_any_two_writes_of_a_plan_change_has_one_effect",
        ],
        "integration/billing/test_crashes_between_writes.py": [
            "test_a_crash_between_any_two_writes_of_issuing_after_grace_has_one_effect",
            "test_a_crash_between_any_two_writes_of_a_credit_note_has_one_effect",
        ],
    },
    "a crash between any two writes of pay": {
        "integration/billing/test_crashes_between_writes.py": [
            "test_a_crash_between_any_two_writes_of_a_payment_has_one_effect",
            "test_a_crash_between_any_two_writes_of_a_collection_takes_the_money_once",
        ],
    },
    "a batch of 100 with one duplicate stores 99": {
        "contract/usage_store/suite.py": [
            "test_a_batch_of_100_with_one_duplicate_stores_99",
        ],
    },
    "the same id with another time or value is a conflict": {
        "contract/usage_store/suite.py": [
            "test_the_same_id_at_another_time_is_a_conflict",
            "test_another_body_under_the_same_id_is_a_conflict_and_the_first_stands",
        ],
    },
    "late usage upward and downward after finalising": {
        "integration/billing/test_cases_that_broke_others.py": [
            "test_late_usage_upward_after_finalising_is_a_further_invoice",
            "test_late_usage_downward_after_finalising_is_a_credit_note",
        ],
    },
    "two concurrent debits of one wallet": {
        "integration/billing/discounts/test_wallets.py": [
            "test_concurrent_debits_of_one_wallet_never_overdraw_it",
        ],
    },
    "an upgrade before the last bank transfer arrives does not pay out twice": {
        "integration/billing/test_cases_that_broke_others.py": [
            "test_an_upgrade_before_the_last_bank_transfer_arrives_does_not_pay_out_twice",
        ],
    },
    "plan change then renewal bills usage once": {
        "integration/billing/test_cases_that_broke_others.py": [
            "test_plan_change_then_renewal_bills_usage_once",
        ],
    },
    "a yearly free allowance with monthly invoices": {
        "integration/billing/test_cases_that_broke_others.py": [
            "test_a_yearly_free_allowance_with_monthly_invoices",
        ],
    },
    "a failed call behind a quota is neither counted nor billed": {
        "integration/modules/test_quotas.py": [
            "test_a_failed_call_behind_a_quota_is_neither_counted_nor_billed",
        ],
    },
    "a same-day $0 to $3 change raises no false alarm": {
        "integration/billing/test_cases_that_broke_others.py": [
            "test_a_same_day_nothing_to_three_change_raises_no_false_alarm",
        ],
        "scenarios/test_subscription_life.py": [
            "test_a_same_day_zero_to_three_change_raises_no_false_alarm",
        ],
    },
    "a trial extended across a month end": {
        "scenarios/test_staff_and_subscriptions.py": [
            "test_a_trial_extended_across_a_month_end_bills_from_its_new_end",
        ],
    },
    "N parallel calls on quota Q admit exactly Q": {
        "integration/modules/test_quotas.py": [
            "test_n_parallel_calls_on_quota_q_admit_exactly_q",
        ],
    },
    "the amount previewed is the amount charged": {
        "integration/billing/test_previews.py": [
            "test_the_amount_previewed_is_the_amount_charged_while_usage_streams_in",
        ],
        "integration/billing/test_random_histories.py": [
            "test_previewed_is_charged_and_the_books_and_documents_prove_it",
        ],
    },
    "an annual seat added is charged now": {
        "scenarios/test_subscription_life.py": [
            "test_an_annual_seat_added_is_charged_now",
        ],
    },
    "five thousand random steps, and two hundred thousand in a night, as an oracle says": {
        "property/billing/test_random_lives.py": [
            "test_five_thousand_steps_of_random_lives_are_billed_as_the_oracle_says",
            "test_two_hundred_thousand_steps_of_random_lives_are_billed_as_the_oracle_says",
        ],
    },
    "five years in one jump are 1,826 single days": {
        "scenarios/test_long_jumps.py": [
            "test_five_years_in_one_jump_are_1826_single_days",
        ],
    },
}


@pytest.mark.parametrize("case", CASES)
def test_the_case_has_its_tests(case: str):
    for path, names in CASES[case].items():
        tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
        known = {getattr(node, "name", None) for node in ast.walk(tree)}
        assert known.issuperset(names), path
