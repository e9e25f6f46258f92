"""Numbers quoted from He et al. 2015 (arXiv:1512.03385), each with its section or table."""

PARAMETERS = {20: 269_722, 32: 464_154, 44: 658_586, 56: 853_018, 110: 1_727_962, 1202: 19_421_274}
"""Trainable parameters by depth; the paper rounds them to 0.27M … 19.4M (Table 6)."""

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
