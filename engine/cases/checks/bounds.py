"""What a sample says of those who were not asked: an exact hypergeometric bound."""

from math import comb

CONFIDENCE_PERCENT = 95


def most_not_reached(population: int, sampled: int, failed: int) -> int:
    """Return how many of `population` may not have acted, at 95 % confidence, failures included.

    The largest number of failures in the stratum under which `failed` or fewer among `sampled`,
    drawn without replacement, is not rarer than 5 %. All arithmetic is in whole numbers. A census
    says `failed`; an empty sample excludes nothing.
    """
    if not 0 <= failed <= sampled <= population:
        message = f"{failed} of {sampled} of {population}"
        raise ValueError(message)

    low, high = failed, population - (sampled - failed)
    while low < high:  # the chance falls as there are more failures to find
        middle = (low + high + 1) // 2
        if _is_plausible(population, sampled, failed, middle):
            low = middle
        else:
            high = middle - 1
    return low


def _is_plausible(population: int, sampled: int, failed: int, failing: int) -> bool:
    """Say whether drawing `failed` or fewer out of `failing` happens in 5 % of the draws."""
    sound = population - failing
    ways = sum(comb(failing, found) * comb(sound, sampled - found) for found in range(failed + 1))
    return ways * 100 > comb(population, sampled) * (100 - CONFIDENCE_PERCENT)
