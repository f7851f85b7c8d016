"""Beam search: the likeliest sentences that a model of the next word can be brought to say. Knows no model."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One sentence. tokens: without the start, with the end if there is one. score: mean log-probability of a token."""

    tokens: tuple[int, ...]
    score: float


@dataclass(frozen=True, slots=True)
class Rules:
    """How to search. end: the token that ends a sentence, forbidden for the first `least` tokens.

    not_twice: bool (vocabulary,), the tokens that a sentence may hold only once. beams: sentences pursued side by side.
    most: the greatest number of tokens.
    """

    end: int
    not_twice: Tensor
    beams: int
    least: int
    most: int


def search(next_logits: Callable[[Tensor], Tensor], start: int, rules: Rules) -> list[Hypothesis]:
    """The sentences that were found, the best first; as many as there are beams, fewer only where fewer are possible.

    next_logits: takes tokens so far, int64 (n, length) with the start first, gives logits (n, vocabulary). What is
    forbidden has no probability, and the rest shares it. A beam that came to its end is pursued no further and leaves
    one fewer to be pursued. Source of these rules: `conette.nn.decoding.beam` of the conette package (MIT).
    """
    prefixes, sums = torch.tensor([[start]]), torch.zeros(1)
    finished: list[Hypothesis] = []
    for step in range(rules.most):
        logits = next_logits(prefixes).to("cpu", torch.float32, copy=True)
        if step < rules.least:
            logits[:, rules.end] = -math.inf
        said = torch.zeros_like(logits, dtype=torch.bool).scatter_(1, prefixes, True)
        logits[said & rules.not_twice] = -math.inf
        totals = (sums.unsqueeze(1) + logits.log_softmax(1)).flatten()
        sums, places = totals.topk(min(rules.beams - len(finished), len(totals)))
        possible = sums > -math.inf  # false for NaN as well
        sums, places = sums[possible], places[possible]
        tokens = places % logits.shape[1]
        prefixes = torch.cat([prefixes[places // logits.shape[1]], tokens.unsqueeze(1)], 1)
        done = (tokens == rules.end) | (step == rules.most - 1)
        for prefix, total in zip(prefixes[done].tolist(), sums[done].tolist(), strict=True):
            finished.append(Hypothesis(tuple(prefix[1:]), total / (step + 1)))
        prefixes, sums = prefixes[~done], sums[~done]
        if not len(prefixes):
            break
    return sorted(finished, key=lambda each: -each.score)
