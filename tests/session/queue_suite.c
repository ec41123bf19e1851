/* queue_suite.c - the queue in the session ring. */
#include "queue_rig.h"

#include "rows.h"

Suite *
suite_queue(void)
{
	Suite *s = suite_create("queue");

	suite_add_tcase(s, queue_deliver_case());
	suite_add_tcase(s, queue_failing_case());
	suite_add_tcase(s, queue_breaker_case());
	suite_add_tcase(s, queue_failover_case());
	suite_add_tcase(s, queue_stated_case());
	suite_add_tcase(s, queue_suspects_case());
	suite_add_tcase(s, queue_pieces_case());
	suite_add_tcase(s, queue_life_case());
	suite_add_tcase(s, queue_aliases_case());
	suite_add_tcase(s, queue_two_case());
	suite_add_tcase(s, queue_bounds_case());
	suite_add_tcase(s, queue_clock_case());
	suite_add_tcase(s, queue_guard_case());
	suite_add_tcase(s, queue_reports_case());
	suite_add_tcase(s, queue_quota_case());
	suite_add_tcase(s, queue_quota_two_case());
	suite_add_tcase(s, queue_network_case());
	suite_add_tcase(s, queue_network_two_case());
	suite_add_tcase(s, queue_alerts_case());
	suite_add_tcase(s, queue_lanes_case());
	suite_add_tcase(s, queue_lanes_three_case());
	suite_add_tcase(s, queue_pause_case());
	suite_add_tcase(s, queue_pause_two_case());
	suite_add_tcase(s, queue_actions_case());
	suite_add_tcase(s, queue_actions_two_case());
	suite_add_tcase(s, queue_ahead_case());
	return s;
}

Suite *
suite_day(void)
{
	Suite *s = suite_create("day");

	suite_add_tcase(s, queue_day_case());
	return s;
}
