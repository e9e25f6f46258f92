"""Numbers quoted from He et al. 2015 (arXiv:1512.03385), each with its section or table."""

PARAMETERS = {20: 0.27, 32: 0.46, 44: 0.66, 56: 0.85, 110: 1.7, 1202: 19.4}
"""Trainable parameters by depth, in millions (Table 6)."""

RESIDUAL_TEST_ERROR = {20: 8.75, 32: 7.51, 44: 7.17, 56: 6.97, 110: 6.43, 1202: 7.93}
"""CIFAR-10 test error of ResNets by depth, per cent (Table 6; depth 110 is the best of five)."""

TEST_ERROR_MEAN = RESIDUAL_TEST_ERROR | {110: 6.61}
TEST_ERROR_STD = {110: 0.16}
"""Mean and standard deviation of five runs where the paper gives them, else its one number
(Table 6)."""

PLAIN_TEST_ERROR = {20: 9.7, 32: 10.1, 44: 11.5, 56: 13.3}
"""CIFAR-10 test error of plain nets, per cent: read off Fig. 6 (left) by eye, approximate."""

PLAIN_ERROR_ABOVE = {110: 60}
"""Plain-110's error is "higher than 60 %" and not displayed (Fig. 6), per cent."""
