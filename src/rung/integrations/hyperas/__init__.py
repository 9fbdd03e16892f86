"""The shape of hyperas without its templates: ``optim.minimize`` over a function whose defaults are distributions.

    from rung.integrations.hyperas import optim
    from rung.integrations.hyperas.distributions import choice, uniform

Where hyperas has ``{{uniform(0, 1)}}`` in the text of the model function, that function takes a parameter here.
"""

from rung.integrations.hyperas import distributions, optim

__all__ = ["distributions", "optim"]
