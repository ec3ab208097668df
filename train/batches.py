"""Batches for Keras: NumPy and OpenCV only, so that every Keras backend trains from the same code."""

import math

import keras
import numpy as np
from numpy.typing import NDArray

from pneumo_core.preprocess import as_input, normalise_greys, to_square
from pneumo_core.types import CLASSES, Float32
from train.augment import augment, mix_amplitudes
from train.config import FitConfig
from train.data import Films, film_shares
from train.lung_covers import LungCovers

_MIXUP_ALPHA = 0.3  # of the beta distribution that the other film's share is drawn from


class TrainingBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """One epoch of shuffled batches: (films float32 [n, S, S, 3] in 0..255, targets float32 [n, 4], weights [n]).

    Order and variants depend on seed, epoch, and position alone, not on threads or on what was drawn before: a resumed
    run sees what an undisturbed one would have seen. With `mixup` a film, and what is to be answered of it, are mixed
    with another's (Zhang et al. 2018, arXiv 1710.09412).
    """

    def __init__(
        self,
        films: Films,
        targets: Float32,
        weights: NDArray[np.float32],
        config: FitConfig,
        epoch: int,
        covers: LungCovers | None = None,
        processes: int = 1,
        number: int = 0,
        workers: int = 1,
    ) -> None:
        """Draw the order of an epoch.

        Args:
            films: the films of train.
            targets: float32 [len(films.rows), 4], what is to be answered.
            weights: float32 [4], of each class in the loss.
            config: size, batch_size (films in a step, of all processes together), films_per_epoch, seed, and all that
                says how films are drawn and changed.
            epoch: 0-based.
            covers: the films' lungs, where `config` covers any.
            processes: how many share each batch.
            number: which of them this one is, from 0.
            workers: threads that make batches ahead; Keras gives them out in order. With 1 it makes them as they are
                asked for, which suffices where a step takes far longer than the augmentation of its films.
        """
        super().__init__(workers=workers, use_multiprocessing=False, max_queue_size=8)
        self._films, self._targets, self._config, self._covers = films, targets, config, covers
        self._weights = weights[films.labels]
        self._key = (config.seed, epoch)
        self._share = slice(config.batch_size * number // processes, config.batch_size * (number + 1) // processes)
        shares = film_shares(films.rows, config.source_balance, config.class_draws)
        self._order = _draw_order(shares, config.films_per_epoch or len(films.rows), config.seed, epoch)
        self._earlier = _earlier_draws(self._order)

    def __len__(self) -> int:
        """Number of batches; the last short one is left out, since batch statistics of few films are poor."""
        return max(1, len(self._order) // self._config.batch_size)

    def __getitem__(self, index: int) -> tuple[Float32, Float32, NDArray[np.float32]]:
        """Batch number `index`."""
        config = self._config
        places = slice(index * config.batch_size, (index + 1) * config.batch_size)
        chosen, earlier = self._order[places][self._share], self._earlier[places][self._share]
        batch = np.empty((len(chosen), config.size, config.size, 3), np.float32)
        targets, weights = self._targets[chosen], self._weights[chosen]
        for place, film in enumerate(chosen):
            # A film that is drawn again in an epoch gets another variant.
            again = [int(earlier[place])] if earlier[place] else []
            random = np.random.default_rng((*self._key, 1, int(film), *again))
            square, has_lungs = self._cover(int(film), random)
            if not has_lungs:
                targets[place], weights[place] = 1 / len(CLASSES), 1.0
            variant = augment(square, config.size, config.augmentation, random)
            if random.random() < config.amplitude_mixing:
                other = self._films.squares[random.integers(len(self._films.rows))]
                variant = mix_amplitudes(variant, augment(other, config.size, config.augmentation, random), random)
            batch[place] = as_input(normalise_greys(variant))
            if random.random() < config.mixup:
                other = int(random.integers(len(self._films.rows)))
                partner = augment(self._films.squares[other], config.size, config.augmentation, random)
                share = np.float32(random.beta(_MIXUP_ALPHA, _MIXUP_ALPHA))
                batch[place] += share * (as_input(normalise_greys(partner)) - batch[place])
                targets[place] += share * (self._targets[other] - targets[place])
                weights[place] += share * (self._weights[other] - weights[place])
        return batch, targets, weights

    def _cover(self, film: int, random: np.random.Generator) -> tuple[NDArray[np.uint8], bool]:
        """Cover the lungs of a film, all else, or nothing: (uint8 [S, S], whether its lungs can be seen)."""
        square = self._films.squares[film]
        if self._covers is None:
            return square, True
        draw = random.random() - self._config.lungs_covered
        if draw < 0:
            covered = self._covers.without_lungs(square, film, random)
        elif draw < self._config.only_lungs:
            covered = self._covers.only_lungs(square, film, random)
        else:
            covered = None
        return square if covered is None else covered, covered is None or draw >= 0


def _draw_order(shares: NDArray[np.float64], per_epoch: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Positions of the films of one epoch: film i is drawn `shares[i] * per_epoch` times, rounded up or down.

    Systematic sampling over a new permutation in every epoch; equal shares and a whole pass draw each film once.
    """
    random = np.random.default_rng((seed, epoch, 0))
    shuffled = random.permutation(len(shares))
    ends = np.cumsum(shares[shuffled])
    points = (np.arange(per_epoch) + 0.5) / per_epoch * ends[-1]
    drawn = shuffled[np.minimum(np.searchsorted(ends, points), len(shares) - 1)]
    return random.permutation(drawn)


def _earlier_draws(order: NDArray[np.int64]) -> NDArray[np.int64]:
    """How often each film of an order was drawn before: int64 [n]."""
    sorting = np.argsort(order, kind="stable")
    firsts = np.searchsorted(order[sorting], order[sorting])
    earlier = np.empty_like(order)
    earlier[sorting] = np.arange(len(order)) - firsts
    return earlier


class ReadingBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Films in their own order as the reader's network sees them: float32 [n, S, S, 3] in 0..255."""

    def __init__(self, films: Films, size: int, batch_size: int) -> None:
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=4)
        self._films, self._size, self._batch_size = films, size, batch_size

    def __len__(self) -> int:
        """Number of batches."""
        return math.ceil(len(self._films.rows) / self._batch_size)

    def __getitem__(self, index: int) -> tuple[Float32]:
        """Batch number `index`."""
        squares = self._films.squares[index * self._batch_size : (index + 1) * self._batch_size]
        inputs = [as_input(normalise_greys(to_square(s.astype(np.float32) / 255, self._size))) for s in squares]
        return (np.stack(inputs).astype(np.float32),)
