"""Batches for Keras: NumPy and OpenCV only, so that every Keras backend trains from the same code."""

import math

import keras
import numpy as np
from numpy.typing import NDArray

from pneumo_core.preprocess import as_input, normalise_greys, to_square
from pneumo_core.types import Float32
from train.augment import augment, mix_amplitudes
from train.data import Films, film_shares


class TrainingBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """One epoch of augmented, shuffled batches: (films float32 [n, S, S, 3] in 0..255, labels int64 [n], weights).

    Order and variants depend on seed, epoch, and position alone, not on threads or on what was drawn before: a resumed
    run sees what an undisturbed one would have seen.
    """

    def __init__(
        self,
        films: Films,
        weights: NDArray[np.float32],
        size: int,
        batch_size: int,
        films_per_epoch: int,
        augmentation: float,
        amplitude_mixing: float,
        source_balance: float,
        seed: int,
        epoch: int,
        processes: int = 1,
        number: int = 0,
        workers: int = 1,
    ) -> None:
        """Draw the order of an epoch.

        Args:
            films: the films of train.
            weights: float32 [4], of each class in the loss.
            size: rows and columns of the input.
            batch_size: films in a step, of all processes together.
            films_per_epoch: films drawn; 0 draws all.
            augmentation: strength, 0..1.
            amplitude_mixing: share of films that get the low-frequency amplitudes of another one.
            source_balance: 0 draws all films of a class alike, 1 all sources of a class.
            seed: of order and variants.
            epoch: 0-based.
            processes: how many share each batch.
            number: which of them this one is, from 0.
            workers: threads that make batches ahead; Keras gives them out in order. With 1 it makes them as they are
                asked for, which suffices where a step takes far longer than the augmentation of its films.
        """
        super().__init__(workers=workers, use_multiprocessing=False, max_queue_size=8)
        self._films, self._size, self._batch_size = films, size, batch_size
        self._augmentation, self._amplitude_mixing = augmentation, amplitude_mixing
        self._labels = films.labels
        self._weights = weights[self._labels]
        self._key = (seed, epoch)
        self._share = slice(batch_size * number // processes, batch_size * (number + 1) // processes)
        shares = film_shares(films.rows, source_balance)
        self._order = _draw_order(shares, films_per_epoch or len(films.rows), seed, epoch)

    def __len__(self) -> int:
        """Number of batches; the last short one is left out, since batch statistics of few films are poor."""
        return max(1, len(self._order) // self._batch_size)

    def __getitem__(self, index: int) -> tuple[Float32, NDArray[np.int64], NDArray[np.float32]]:
        """Batch number `index`."""
        chosen = self._order[index * self._batch_size : (index + 1) * self._batch_size][self._share]
        batch = np.empty((len(chosen), self._size, self._size, 3), np.float32)
        for place, film in enumerate(chosen):
            random = np.random.default_rng((*self._key, 1, int(film)))
            variant = augment(self._films.squares[film], self._size, self._augmentation, random)
            if random.random() < self._amplitude_mixing:
                other = self._films.squares[random.integers(len(self._films.rows))]
                variant = mix_amplitudes(variant, augment(other, self._size, self._augmentation, random), random)
            batch[place] = as_input(normalise_greys(variant))
        return batch, self._labels[chosen], self._weights[chosen]


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
