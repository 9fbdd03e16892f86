from __future__ import annotations

from faulty_store import caught_by

from rung.testing._store_inbox import PROMISES


def test_a_store_without_faults_keeps_every_promise():
    assert caught_by(PROMISES) == set()


def test_a_store_that_forgets_keys_is_caught():
    caught = caught_by(PROMISES, post=lambda good, study, command, key=None: good.post(study, command))
    assert caught == {"the_same_key_gives_the_same_number_even_when_answered"}


def test_a_store_that_hands_commands_out_once_is_caught():
    def take(good, lease):
        commands = list(good.take(lease))
        good._logs[lease.study].commands.clear()
        return commands

    assert "commands_come_in_order_and_stay_until_they_are_answered" in caught_by(PROMISES, take=take)


def test_a_store_that_gives_numbers_again_is_caught():
    def post(good, study, command, key=None):
        log = good._logs[study]
        log.n_commands = len(log.commands)
        return good.post(study, command, key=key)

    assert "a_number_is_never_given_twice" in caught_by(PROMISES, post=post)


def test_a_store_that_keeps_answered_commands_is_caught():
    def append(good, events, lease):
        commands = dict(good._logs[lease.study].commands)
        seq = good.append(events, lease=lease)
        good._logs[lease.study].commands = commands
        return seq

    assert {
        "commands_come_in_order_and_stay_until_they_are_answered",
        "every_event_with_a_command_number_answers_it",
    } <= caught_by(PROMISES, append=append)


def test_a_store_that_looks_into_the_inbox_once_is_caught():
    looked = set()

    def take(good, lease):
        if id(good) in looked:
            return []
        looked.add(id(good))
        return good.take(lease)

    assert "a_command_that_comes_after_an_empty_look_is_seen" in caught_by(PROMISES, take=take)


def test_a_store_with_one_inbox_for_all_is_caught():
    def post(good, study, command, key=None):
        return good.post(next(iter(good._logs)), command, key=key)

    assert {"inboxes_of_two_studies_do_not_mix", "an_unknown_study_has_no_inbox"} <= caught_by(PROMISES, post=post)
