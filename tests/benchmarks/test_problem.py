from rung.benchmarks.problem import Step


def test_a_step_without_noise_has_no_truth_of_its_own():
    assert Step(0.5, 1.0).truth is None
    assert Step(0.5, 1.0, truth=0.4).truth == 0.4
