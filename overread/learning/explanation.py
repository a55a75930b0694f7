"""Where the answer comes from, in closed form: the map is already in the network, nothing is differentiated.

For log-sum-exp pooling the map *is* the answer by place. For mean pooling and one linear layer it is the
class activation map (Zhou and others, 2016), which equals Grad-CAM there. Neither holds for attention or a
deeper head.
"""

from torch import Tensor

from overread.learning.architectures import Network, Pooling, Reading

_TINY = 1e-7


def heat(network: Network, reading: Reading) -> Tensor:
    """Return (n, h, w) in 0 to 1: where a study shows anything.

    A log-sum-exp map gives probabilities that mean the same in every picture; a class activation map is
    scaled to the strongest place of its own picture, as Grad-CAM is.
    """
    answer = reading.maps[:, 0].float()
    if network.pooling is Pooling.LOG_SUM_EXP:
        return answer.sigmoid()
    bias = network.head.bias
    evidence = (answer if bias is None else answer - bias[0]).relu()
    above = evidence - evidence.amin(dim=(1, 2), keepdim=True)
    return above / (above.amax(dim=(1, 2), keepdim=True) + _TINY)
