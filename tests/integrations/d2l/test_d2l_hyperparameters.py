import pytest

from rung.integrations.d2l.hyperparameters import HyperParameters, add_to_class


class Layer(HyperParameters):
    def __init__(self, width, *rest, depth=3, _secret=1, **others):
        scratch = width * depth
        self.save_hyperparameters(ignore=["others"])
        assert scratch


def test_arguments_become_attributes():
    layer = Layer(4, 5, 6, _secret=2, colour="red")
    assert layer.hparams == {"width": 4, "rest": (5, 6), "depth": 3}
    assert (layer.width, layer.rest, layer.depth) == (4, (5, 6), 3)
    for name in ("others", "_secret", "scratch", "self"):
        assert not hasattr(layer, name)


def test_a_subclass_keeps_its_own_arguments():
    class Wide(Layer):
        def __init__(self, factor):
            super().__init__(2 * factor)
            self.save_hyperparameters()

    wide = Wide(3)
    assert (wide.width, wide.factor, wide.hparams) == (6, 3, {"factor": 3})


def test_a_method_added_later_reaches_objects_that_exist():
    layer = Layer(4)

    @add_to_class(Layer)
    def area(self):
        return self.width * self.depth

    assert layer.area() == 12
    assert area(layer) == 12
    del Layer.area
    with pytest.raises(AttributeError):
        layer.area()
