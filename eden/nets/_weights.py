"""Initial weights that the networks share."""

from torch import nn


def he_normal(model: nn.Module) -> None:
    """Draw the weights of every convolution, in the order of the modules.

    Reference: He et al., "Delving deep into rectifiers", ICCV 2015, equation 10 by fan-out.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
