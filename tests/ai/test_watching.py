"""The plan of looks at an accepted text."""

from ai.record.watching import Watch

ANCHORS = (b"\x00\x01\x00\x00", b"\x00\x01\x05\x41")


def begin() -> Watch:
    return Watch.begin("d", ANCHORS, ANCHORS, "accepted", 1000.0)


def test_a_text_that_nobody_touches_is_measured_three_times() -> None:
    watch = begin()
    moments = []
    while watch.next is not None:
        at = watch.next
        measured, watch = watch.look("accepted", at)
        moments += [(moment, at - 1000) for moment in measured]
    assert moments == [("quiet", 10), ("30s", 30), ("10min", 600)]


def test_quiet_is_ten_seconds_after_the_last_look_that_found_something_new() -> None:
    watch = begin()
    measured, watch = watch.look("accepted and", 1010)
    assert measured == []
    measured, watch = watch.look("accepted and corrected", 1020)
    assert measured == []
    assert watch.next == 1030
    measured, watch = watch.look("accepted and corrected", 1030)
    assert measured == ["30s", "quiet"]
    assert watch.next == 1600


def test_a_text_that_is_never_left_alone_is_measured_as_it_is_at_the_end() -> None:
    watch = begin()
    seen = []
    number = 0
    while watch.next is not None:
        number += 1
        measured, watch = watch.look(f"version {number}", watch.next)
        seen += measured
    assert seen == ["30s", "10min", "quiet"]


def test_looks_that_were_missed_while_nothing_ran_are_made_up_for_at_once() -> None:
    measured, watch = begin().look("corrected", 5000)
    assert set(measured) == {"30s", "10min", "quiet"}
    assert watch.next is None


def test_the_plan_survives_being_stored() -> None:
    _, watch = begin().look("accepted and", 1010)
    assert Watch.of(watch.record()) == watch
